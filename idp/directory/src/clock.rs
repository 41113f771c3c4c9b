//! The clock as a parameter.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

/// What time it is; the operating system's word in production, a fixed instant in tests.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl Clock {
    /// The operating system's clock, UTC.
    pub fn system() -> Self {
        Self(Arc::new(OffsetDateTime::now_utc))
    }

    /// A clock that stands still.
    pub fn fixed(instant: OffsetDateTime) -> Self {
        Self(Arc::new(move || instant))
    }

    /// The present instant.
    pub fn now(&self) -> OffsetDateTime {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
