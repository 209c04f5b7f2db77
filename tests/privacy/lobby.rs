//! The `privacy` function in this process, as anybody meets it.

use cloud::{boot::Boot, clock::Clock};
use testkit::{fault_proxy::FaultProxy, stack::Stack};

use crate::{
    contract::openapi::assert_described,
    world::{Answered, Calling, answered, assert_declared, environment},
};

/// See the module.
pub(crate) struct Lobby {
    pub(crate) app: privacy::App,
    /// Between the function and AWS.
    pub(crate) faults: FaultProxy,
}

impl Drop for Lobby {
    fn drop(&mut self) {
        assert_declared(&self.faults);
    }
}

impl Lobby {
    pub(crate) async fn new() -> Self {
        Self::at(Clock::system()).await
    }

    pub(crate) async fn at(clock: Clock) -> Self {
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let environment = environment("privacy", faults.url());
        let boot = Boot::new(&environment, clock).unwrap();
        let config = privacy::Config::from_env(&environment).unwrap();
        Self { app: privacy::App::new(&boot, config), faults }
    }

    pub(crate) async fn call(&self, calling: Calling) -> Answered {
        let (event, context) = calling.event();
        let answer = answered(privacy::handle(&self.app, event, &context).await);
        assert_described(&calling.method, &calling.path, &answer);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.call(Calling::new("GET", path)).await
    }
}
