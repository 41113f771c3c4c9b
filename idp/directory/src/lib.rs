//! Who a typed name means, whether a password is right, and what the directory says of the person.
//!
//! One interface, [`Directory`], with two rooms behind it: [`ActiveDirectory`] speaks LDAP to the
//! domain controllers of one domain, [`Embedded`] holds an LDIF text in memory. What is asked is
//! always the same four things, in this order:
//!
//! 1. [`Directory::find`]: a [`LoginName`] to exactly one object, before any password is known;
//! 2. [`Directory::check_password`]: that object, a non-empty [`Password`] and a [`LockoutPermit`]
//!    to a [`PasswordVerdict`];
//! 3. [`Directory::read`]: the account again, by objectGUID;
//! 4. [`Directory::query`]: what a claim rule wants to know, rendered as AD FS renders it.
//!
//! Beside these stands the life of a password: [`Directory::change_password`] by its owner, who knows the old one
//! (never an administrator's reset), and the rules that hold for it, [`PasswordPolicy`].
//!
//! For a certificate the first two are replaced by [`Directory::find_by_certificate`]; [`Directory::authorities`] says
//! whose certificates may sign people in.
//!
//! A directory that cannot be asked is a [`DirectoryError`], never a wrong password. Everything a
//! domain controller sends is bytes from outside: capped, checked for shape, then read.

mod account;
mod active;
mod certificates;
mod change;
mod clock;
mod describe;
mod directories;
mod directory;
mod embedded;
mod entry;
mod error;
mod event;
pub mod fuzz;
mod login_name;
mod password;
mod policy;
mod render;
mod rules;
mod syntax;

pub use account::{Account, AccountKind, AccountState, Candidate, PasswordVerdict};
pub use active::ActiveDirectory;
pub use active::config::{
    ActiveDirectoryConfig, ConfigurationFault, ControllerAddress, Controllers, ServiceAccount,
    Timing,
};
pub use active::tls::{RootsError, TrustedRoots};
pub use active::transport::Transport;
pub use certificates::{CertificateCandidate, CertificateSearch, PublishedAuthorities};
pub use change::{ChangeVerdict, LockoutStatus};
pub use clock::Clock;
pub use directories::Directories;
pub use directory::{ClockReading, ControllerHealth, ControllerState, Directory, Rows};
pub use embedded::Embedded;
pub use embedded::hash::hash_password;
pub use embedded::ldif::LdifError;
pub use error::DirectoryError;
pub use event::{DirectoryEvent, RefusedCertificate};
pub use login_name::{LoginName, LoginNameError};
pub use password::{EmptyPassword, LockoutPermit, Password};
pub use policy::{DirectoryLockout, PasswordPolicy, PolicySource};
pub use rules::{PasswordRule, PolicyRefusal};
