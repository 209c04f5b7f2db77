//! Wiring of the `partners` function; everything it does is in the library.

use cloud::{boot::Boot, clock::Clock, env::Process};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use partners::{App, Config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    cloud::boot::tracing();
    let boot = Boot::new(&Process, Clock::system())?;
    let app = &App::new(&boot, Config::from_env(&Process)?);
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<_>| {
        Ok::<_, Error>(partners::handle(app, event.payload, &event.context).await)
    }))
    .await
}
