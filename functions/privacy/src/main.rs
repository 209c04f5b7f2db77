//! Wiring of the `privacy` function; everything it does is in the library.

use cloud::{boot::Boot, clock::Clock, env::Process};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use privacy::{App, Config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    cloud::boot::tracing();
    let boot = Boot::new(&Process, Clock::system())?;
    let app = App::new(&boot, Config::from_env(&Process)?);
    app.journal().hold_sandbox().await;
    let app = &app;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<_>| {
        Ok::<_, Error>(privacy::handle(app, event.payload, &event.context).await)
    }))
    .await
}
