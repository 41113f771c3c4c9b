//! Hashed passwords of the embedded directory: `{ARGON2}$argon2id$…`.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};

use crate::password::Password;

/// What stands before the hash in `userPassword`.
pub(crate) const SCHEME: &str = "{ARGON2}";
/// The most memory a stored hash may ask for, in KiB.
const MOST_MEMORY: u32 = 256 * 1024;
/// The most passes a stored hash may ask for.
const MOST_PASSES: u32 = 16;

/// Makes a value for `userPassword`: Argon2id with the library's parameters (19 MiB, two passes) and a random salt.
///
/// Takes some tens of milliseconds of one core. `None` only if the operating system gives no randomness.
pub fn hash_password(password: &Password) -> Option<String> {
    let mut octets = [0; 16];
    SystemRandom::new().fill(&mut octets).ok()?;
    let salt = SaltString::encode_b64(&octets).ok()?;
    let hash = Argon2::default()
        .hash_password(password.expose().as_bytes(), &salt)
        .ok()?;
    Some(format!("{SCHEME}{hash}"))
}

/// Checks that a value of `userPassword` can be verified at all.
///
/// # Errors
/// Why not; the value is not repeated.
pub(crate) fn check_form(value: &[u8]) -> Result<String, &'static str> {
    let text = std::str::from_utf8(value).map_err(|_| "userPassword is not text")?;
    let hash = text
        .strip_prefix(SCHEME)
        .ok_or("userPassword must be `{ARGON2}` and an Argon2 hash in PHC form")?;
    let parsed = PasswordHash::new(hash).map_err(|_| "userPassword holds no hash in PHC form")?;
    let parameters =
        argon2::Params::try_from(&parsed).map_err(|_| "userPassword holds unknown parameters")?;
    if !parsed.algorithm.as_str().starts_with("argon2")
        || parsed.hash.is_none()
        || parsed.salt.is_none()
    {
        return Err("userPassword holds no Argon2 hash");
    }
    if parameters.m_cost() > MOST_MEMORY || parameters.t_cost() > MOST_PASSES {
        return Err("userPassword asks for more than 256 MiB or 16 passes");
    }
    Ok(hash.to_owned())
}

/// Whether `password` is the one of `hash` (without the scheme).
pub(crate) fn matches(hash: &str, password: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}
