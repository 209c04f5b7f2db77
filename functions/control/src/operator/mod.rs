//! What those do who run the deployment: they look after the requests of people, set legal holds, keep the register of breaches, answer what
//! was sent by forms, and write to whoever agreed to it. Each of them has a key of their own, by which what they decide is known.

mod breaches;
mod campaigns;
mod forms;
mod holds;
mod reason;
mod requests;

#[cfg(feature = "schema")]
pub(crate) use breaches::{NewBreach, Shown as ShownBreach, Taken};
pub(crate) use breaches::{list as list_breaches, notice, report, show as show_breach, take_step};
#[cfg(feature = "schema")]
pub(crate) use campaigns::{NewCampaign, Shown as ShownCampaign, Taken as CampaignStepTaken};
pub(crate) use campaigns::{
    list as list_campaigns, propose as propose_campaign, show as show_campaign, take_step as take_campaign_step,
};
#[cfg(feature = "schema")]
pub(crate) use forms::{Row as FormRow, Shown as ShownForm, Taken as FormStepTaken};
pub(crate) use forms::{list as list_forms, reveal as reveal_form, take_step as take_form_step};
#[cfg(feature = "schema")]
pub(crate) use holds::{NewHold, Shown as ShownHold, Taken as HoldStepTaken};
pub(crate) use holds::{list as list_holds, propose as propose_hold, show as show_hold, take_step as take_hold_step};
#[cfg(feature = "schema")]
pub(crate) use reason::Asked;
#[cfg(feature = "schema")]
pub(crate) use requests::{Decided, Personal, Row, Shown as ShownRequest};
pub(crate) use requests::{decide, list as list_requests, reveal, show as show_request};
