//! The pages people see: typed views in, HTML out.
//!
//! Nothing here reads a request or decides anything. Every value is escaped by the template engine;
//! no page needs a script to work, and no page loads anything from another host.
//! Texts live in `languages/*.ftl`; a text missing in a language falls back to English.

mod assets;
mod brand;
mod change_password;
mod demo;
mod factors;
mod language;
mod portal;
mod qr;
mod views;

pub use assets::{Asset, asset};
pub use brand::Brand;
pub use change_password::{ChangeNotice, ChangePasswordPage, PasswordChangedPage, Rule};
pub use demo::{DemoHomePage, DemoTokenPage, Finding, Verdict};
pub use factors::{
    FactorChoice, FactorNotice, FactorPage, FactorPrompt, FactorWay, HeldFactor, MyFactorsPage,
    PasskeyEnrolmentPage, RecoveryCodesPage, TotpEnrolmentPage,
};
pub use language::Language;
pub use portal::{MySessionsPage, PortalPage, SeenSession, SessionNotice};
pub use views::{ErrorPage, Notice, Onward, SignInPage, SignedOutPage, TokenPostPage};
