//! What Go says of TLS that came to nothing.
//!
//! The kubelet's words for what servers do, as far as two TLS libraries agree on what
//! there is to say; what Go would add of a server's numbers is not known here.

use std::io;
use tokio_rustls::rustls::{
    AlertDescription, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved,
};

/// Of a failure that is not the system's.
pub(in super::super) fn text(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        // A farewell, however urgent.
        Some(Error::AlertReceived(AlertDescription::CloseNotify)) => "EOF".to_owned(),
        Some(Error::AlertReceived(alert)) => {
            format!("remote error: tls: {}", alert_text(*alert))
        }
        Some(other) => own_text(other),
        None => error.to_string(),
    }
}

/// Where it is we who break off.
fn own_text(error: &Error) -> String {
    let known = MISBEHAVIOUR.iter().find(|(known, _)| known == error);
    match known {
        Some((_, text)) => (*text).to_owned(),
        None if is_unexpected(error) => "local error: tls: unexpected message".to_owned(),
        None if is_undecodable(error) => "local error: tls: error decoding message".to_owned(),
        None => format!("tls: {error}"),
    }
}

static MISBEHAVIOUR: [(Error, &str); 6] = [
    (
        Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
        "tls: server selected unsupported protocol version",
    ),
    (
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite),
        "tls: server chose an unconfigured cipher suite",
    ),
    (
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnusableCipherSuiteForVersion),
        "tls: server chose an unconfigured cipher suite",
    ),
    (
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCompression),
        "tls: server selected unsupported compression format",
    ),
    (
        Error::PeerMisbehaved(PeerMisbehaved::AttemptedDowngradeToTls12WhenTls13IsSupported),
        "tls: downgrade attempt detected, possibly due to a MitM attack or a broken middlebox",
    ),
    (
        Error::PeerMisbehaved(PeerMisbehaved::TooManyWarningAlertsReceived),
        "tls: too many ignored records",
    ),
];

fn is_unexpected(error: &Error) -> bool {
    const OF_ALERT: InvalidMessage = InvalidMessage::TrailingData("AlertMessagePayload");
    matches!(
        error,
        Error::InappropriateMessage { .. }
            | Error::InvalidMessage(InvalidMessage::InvalidEmptyPayload)
    ) || *error == Error::InvalidMessage(OF_ALERT)
}

fn is_undecodable(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidMessage(InvalidMessage::MissingData(_) | InvalidMessage::TrailingData(_))
    )
}

/// Go's names of alerts.
fn alert_text(alert: AlertDescription) -> String {
    let code = u8::from(alert);
    let known = match code {
        10 => "unexpected message",
        20 => "bad record MAC",
        21 => "decryption failed",
        22 => "record overflow",
        30 => "decompression failure",
        40 => "handshake failure",
        42 => "bad certificate",
        43 => "unsupported certificate",
        44 => "revoked certificate",
        45 => "expired certificate",
        46 => "unknown certificate",
        47 => "illegal parameter",
        48 => "unknown certificate authority",
        49 => "access denied",
        50 => "error decoding message",
        51 => "error decrypting message",
        60 => "export restriction",
        70 => "protocol version not supported",
        71 => "insufficient security level",
        80 => "internal error",
        86 => "inappropriate fallback",
        90 => "user canceled",
        100 => "no renegotiation",
        109 => "missing extension",
        110 => "unsupported extension",
        111 => "certificate unobtainable",
        112 => "unrecognized name",
        113 => "bad certificate status response",
        114 => "bad certificate hash value",
        115 => "unknown PSK identity",
        116 => "certificate required",
        120 => "no application protocol",
        121 => "encrypted client hello required",
        _ => return format!("alert({code})"),
    };
    known.to_owned()
}
