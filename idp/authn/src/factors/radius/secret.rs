//! The shared secret, from a file that only we may read.

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::factors::radius::error::RadiusError;

/// RFC 2865 3 wants at least 16 octets.
const SHORTEST: usize = 16;
const LONGEST: usize = 256;

/// What a RADIUS server and we both know.
pub struct RadiusSecret(Zeroizing<Vec<u8>>);

impl RadiusSecret {
    /// From a file of one line, which nobody but its owner may read (mode 0600 or stricter). Reads the disk: not for async threads.
    ///
    /// # Errors
    /// [`RadiusError::SecretFile`].
    pub fn load(path: &Path) -> Result<Self, RadiusError> {
        let refused = |detail: String| RadiusError::SecretFile {
            path: path.to_owned(),
            detail,
        };
        let meta = std::fs::metadata(path).map_err(|error| refused(error.to_string()))?;
        let mode = meta.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(refused(format!(
                "others may read it (mode {mode:o}); chmod 600"
            )));
        }
        if !meta.is_file() || meta.len() > 4096 {
            return Err(refused("it is not a small file".to_owned()));
        }
        let text = Zeroizing::new(std::fs::read(path).map_err(|error| refused(error.to_string()))?);
        Self::from_octets(text.trim_ascii())
            .ok_or_else(|| refused(format!("it must have {SHORTEST} to {LONGEST} octets")))
    }

    /// From its octets; `None` unless there are 16 to 256.
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        (SHORTEST..=LONGEST)
            .contains(&octets.len())
            .then(|| Self(Zeroizing::new(octets.to_vec())))
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for RadiusSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RadiusSecret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_others_may_read_or_that_is_short_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("radius.secret");
        let write = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            RadiusSecret::load(&path)
        };
        assert_eq!(
            write("0123456789abcdef\n", 0o600).unwrap().expose(),
            b"0123456789abcdef"
        );
        assert!(write("0123456789abcdef\n", 0o640).is_err());
        assert!(write("0123456789abcdef\n", 0o604).is_err());
        assert!(write("too short\n", 0o600).is_err());
        let missing = RadiusSecret::load(&dir.path().join("missing")).unwrap_err();
        assert!(missing.to_string().contains("missing"));
    }
}
