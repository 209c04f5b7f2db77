//! Wiring of the `inbound-mail` function; everything it does is in the library.

use cloud::{boot::Boot, clock::Clock, env::Process};
use inbound_mail::{App, Config};
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    cloud::boot::tracing();
    let boot = Boot::new(&Process, Clock::system())?;
    let app = &App::new(&boot, Config::from_env(&Process)?);
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<_>| {
        Ok::<_, Error>(inbound_mail::handle(app, event.payload).await?)
    }))
    .await
}
