//! All directories; a domain decides which one is asked.

use std::sync::Arc;

use crate::directory::Directory;
use crate::error::DirectoryError;
use crate::login_name::LoginName;

/// The configured directories, in the order of the configuration.
#[derive(Clone)]
pub struct Directories(Vec<Arc<dyn Directory>>);

impl Directories {
    /// Asks the first of `directories` that knows a domain.
    pub fn new(directories: Vec<Arc<dyn Directory>>) -> Self {
        Self(directories)
    }

    /// The directory for a typed name.
    ///
    /// # Errors
    /// [`DirectoryError::UnknownDomain`]: a foreign domain or suffix is refused without asking anyone.
    pub fn for_name(&self, name: &LoginName) -> Result<&Arc<dyn Directory>, DirectoryError> {
        self.for_domain(name.domain())
    }

    /// The directory for a NetBIOS or DNS domain name, or a UPN suffix.
    ///
    /// # Errors
    /// [`DirectoryError::UnknownDomain`].
    pub fn for_domain(&self, domain: &str) -> Result<&Arc<dyn Directory>, DirectoryError> {
        self.0
            .iter()
            .find(|directory| directory.knows_domain(domain))
            .ok_or_else(|| DirectoryError::UnknownDomain {
                domain: domain.to_owned(),
            })
    }

    /// The directory of that [`Directory::name`]; a session keeps the name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<dyn Directory>> {
        self.0
            .iter()
            .find(|directory| directory.name().eq_ignore_ascii_case(name))
    }

    /// Every directory.
    pub fn all(&self) -> &[Arc<dyn Directory>] {
        &self.0
    }
}
