//! API tokens: what each may do, and how often it may ask.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Config;
use super::envelope::{Answer, ApiError, Outcome};

/// The token that `nex-sandbox env` gives; it has every scope.
pub(super) const TOKEN: &str = "sandbox-sandbox-sandbox-sandbox-sandbox-";

/// What a token may do. An edit scope includes the read scope beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Scope {
    #[serde(rename = "zone:read")]
    ZoneRead,
    #[serde(rename = "dns:read")]
    DnsRead,
    #[serde(rename = "dns:edit")]
    DnsEdit,
    #[serde(rename = "ssl:read")]
    SslRead,
    #[serde(rename = "ssl:edit")]
    SslEdit,
    #[serde(rename = "settings:read")]
    SettingsRead,
    #[serde(rename = "settings:edit")]
    SettingsEdit,
}

impl Scope {
    const ALL: [Self; 4] = [
        Self::ZoneRead,
        Self::DnsEdit,
        Self::SslEdit,
        Self::SettingsEdit,
    ];

    fn covers(self, needed: Self) -> bool {
        self == needed
            || matches!(
                (self, needed),
                (Self::DnsEdit, Self::DnsRead)
                    | (Self::SslEdit, Self::SslRead)
                    | (Self::SettingsEdit, Self::SettingsRead)
            )
    }
}

#[derive(Debug)]
struct Token {
    id: String,
    scopes: Vec<Scope>,
    /// It belongs to the account, not to a user, and is verified elsewhere.
    of_account: bool,
    window: Option<Window>,
}

/// The calls of one token since the window opened.
#[derive(Debug, Clone, Copy)]
struct Window {
    opened: Instant,
    calls: u32,
}

/// How much a token may still ask; goes into the headers of each answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    pub(super) limit: u32,
    pub(super) window_s: u64,
    pub(super) remaining: u32,
    /// Whole seconds until the window opens again, rounded up.
    pub(super) reset_s: u64,
}

/// All tokens of the account.
#[derive(Debug)]
pub(super) struct Tokens(BTreeMap<String, Token>);

impl Tokens {
    /// With the one that may do everything.
    pub(super) fn new(id: String) -> Self {
        let mut tokens = Self(BTreeMap::new());
        tokens.add(TOKEN.to_owned(), id, Scope::ALL.to_vec(), false);
        tokens
    }

    pub(super) fn add(&mut self, text: String, id: String, scopes: Vec<Scope>, of_account: bool) {
        let token = Token {
            id,
            scopes,
            of_account,
            window: None,
        };
        self.0.insert(text, token);
    }

    /// Whether `text` is a token that may do this; without a scope, any token may.
    pub(super) fn allow(&self, text: &str, scope: Option<Scope>) -> Result<(), ApiError> {
        let token = self
            .0
            .get(text)
            .ok_or_else(|| ApiError::new(403, 9109, "Invalid access token"))?;
        let allowed =
            scope.is_none_or(|needed| token.scopes.iter().any(|scope| scope.covers(needed)));
        if allowed {
            Ok(())
        } else {
            Err(ApiError::new(403, 10000, "Authentication error"))
        }
    }

    /// Counts a call; the quota says whether it was one too many. None for a token that is not
    /// one.
    pub(super) fn count(&mut self, text: &str, now: Instant, config: &Config) -> Option<Counted> {
        let length = Duration::from_secs(config.rate_window_s);
        let token = self.0.get_mut(text)?;
        let mut window = token
            .window
            .filter(|window| now.duration_since(window.opened) < length)
            .unwrap_or(Window {
                opened: now,
                calls: 0,
            });
        window.calls = window.calls.saturating_add(1);
        token.window = Some(window);
        let left = length.saturating_sub(now.duration_since(window.opened));
        Some(Counted {
            exceeded: window.calls > config.rate_limit,
            quota: Quota {
                limit: config.rate_limit,
                window_s: config.rate_window_s,
                remaining: config.rate_limit.saturating_sub(window.calls),
                reset_s: left.as_millis().div_ceil(1000) as u64,
            },
        })
    }

    /// `user/tokens/verify` and the account's own. Each knows only its own tokens.
    pub(super) fn verify(&self, text: &str, of_account: bool) -> Outcome {
        match self.0.get(text) {
            Some(token) if token.of_account == of_account => {
                Ok(Answer::one(json!({ "id": token.id, "status": "active" }))
                    .message(10000, "This API Token is valid and active"))
            }
            _ => Err(ApiError::new(401, 1000, "Invalid API Token")),
        }
    }
}

/// A counted call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    pub(super) exceeded: bool,
    pub(super) quota: Quota,
}

/// The token of a call's `Authorization` header.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let malformed = |code: u32, name: &str| {
        ApiError::new(400, 6003, "Invalid request headers")
            .because(code, format!("Invalid format for {name} header"))
    };
    if headers.contains_key("x-auth-key") || headers.contains_key("x-auth-user-service-key") {
        return Err(malformed(6103, "X-Auth-Key"));
    }
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Err(ApiError::new(
            400,
            9106,
            "Missing X-Auth-Key, X-Auth-Email or Authorization headers",
        ));
    };
    value
        .to_str()
        .ok()
        .and_then(|value| value.strip_prefix("Bearer "))
        .filter(|token| is_token(token))
        .ok_or_else(|| malformed(6111, "Authorization"))
}

/// Whether it has the form of a token: 40 characters or more of a small alphabet.
pub(super) fn is_token(text: &str) -> bool {
    (40..=255).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
