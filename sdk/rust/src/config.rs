//! Settings given by the operator, with `--config KEY=VALUE` or a file; read-only.

#[cfg(feature = "json")]
mod settings;

use std::collections::BTreeMap;

use crate::{Error, Result, host};

/// The value of a setting, where it was given.
///
/// ```
/// use podhook::{config, testing::Mock};
///
/// let _host = Mock::new().config("farewell", "so long");
/// assert_eq!(config::get("farewell").as_deref(), Some("so long"));
/// assert_eq!(config::get("greeting"), None);
/// ```
pub fn get(key: &str) -> Option<String> {
    host::config_get(key)
}

/// The value of a setting the hook cannot do without.
///
/// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput), naming the setting,
/// where it was not given.
///
/// ```
/// use podhook::{ErrorKind, config, testing::Mock};
///
/// let _host = Mock::new();
/// let error = config::require("drain-url").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidInput);
/// ```
pub fn require(key: &str) -> Result<String> {
    get(key).ok_or_else(|| {
        Error::invalid_input(format_args!(
            "setting {key} is missing (--config {key}=VALUE)"
        ))
    })
}

/// All settings, as a struct: each field is the setting of its name.
///
/// Numbers, booleans and enums are read from text, an `Option` is `None` and a
/// `#[serde(default)]` its default where a setting was not given, a `Vec` is separated by
/// commas. Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput), naming the setting.
///
/// ```no_run
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     #[serde(rename = "drain-url")]
///     drain_url: String,
///     seconds: Option<u32>,
/// }
///
/// let settings: Settings = podhook::config::parse()?;
/// # let _ = (settings.drain_url, settings.seconds);
/// # Ok::<_, podhook::Error>(())
/// ```
#[cfg(feature = "json")]
pub fn parse<T: serde::de::DeserializeOwned>() -> Result<T> {
    settings::read(host::config_all())
}

/// All settings, by key.
pub fn all() -> BTreeMap<String, String> {
    host::config_all().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_setting_is_named() {
        let expected =
            Error::invalid_input("setting drain-url is missing (--config drain-url=VALUE)");
        assert_eq!(require("drain-url"), Err(expected));
    }
}
