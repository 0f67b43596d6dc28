//! What can be wrong with a browser's storage, in words for people.

use node_core::sentence::Say;

/// Why something is not stored or cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Say)]
pub enum StorageError {
    /// There is no database in this browser, or this window may not use it.
    #[error("this browser window offers no storage")]
    Unavailable,
    /// Nothing keeps two tabs from writing to one store here.
    #[error("this address is no secure context (https, or localhost), where browsers let tabs share storage safely")]
    Insecure,
    /// There is no room left.
    #[error("the browser's storage for this site is full")]
    Full,
    /// The browser closed the database or cleared it.
    #[error("the browser closed or cleared this site's storage")]
    Closed,
    /// A newer version of the page made the database.
    #[error("a newer version of this page has stored the chain")]
    Newer,
    /// The browser did not answer in time.
    #[error("the browser's storage does not answer")]
    Slow,
    /// Every profile there may be is in use.
    #[error("all profiles are in use by other tabs")]
    NoProfile,
    /// Something else.
    #[error("the browser's storage fails: {0}")]
    Other(String),
}

impl StorageError {
    /// What an exception of this name means (`IndexedDB` 3.0, section 2.10).
    pub fn named(name: &str, message: &str) -> Self {
        match name {
            "QuotaExceededError" => Self::Full,
            "VersionError" => Self::Newer,
            "SecurityError" | "NotAllowedError" => Self::Unavailable,
            "InvalidStateError" | "NotFoundError" | "AbortError" => Self::Closed,
            _ => Self::Other(if message.is_empty() { name.to_owned() } else { message.to_owned() }),
        }
    }
}

/// What a browser window offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// `indexedDB`.
    pub database: bool,
    /// `navigator.locks`.
    pub locks: bool,
}

impl Capabilities {
    /// Whether a profile can be kept: without locks two tabs might write to one store.
    pub fn check(self) -> Result<(), StorageError> {
        match self {
            Self { database: false, .. } => Err(StorageError::Unavailable),
            Self { locks: false, .. } => Err(StorageError::Insecure),
            Self { database: true, locks: true } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_are_told_apart() {
        for (name, error) in [
            ("QuotaExceededError", StorageError::Full),
            ("VersionError", StorageError::Newer),
            ("InvalidStateError", StorageError::Closed),
            ("SecurityError", StorageError::Unavailable),
            ("UnknownError", StorageError::Other("the disk failed".to_owned())),
        ] {
            assert_eq!(StorageError::named(name, "the disk failed"), error);
        }
        assert_eq!(StorageError::named("DataError", ""), StorageError::Other("DataError".to_owned()));
    }

    #[test]
    fn a_store_needs_a_database_and_locks() {
        let check = |database, locks| Capabilities { database, locks }.check();
        assert_eq!(check(true, true), Ok(()));
        assert_eq!(check(true, false), Err(StorageError::Insecure));
        assert_eq!(check(false, true), Err(StorageError::Unavailable));
        assert_eq!(check(false, false), Err(StorageError::Unavailable));
    }
}
