//! API tokens: their scopes and their rate limit.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::config::Config;
use super::envelope::{Answer, ApiError, Outcome};

/// The token that `nex-sandbox env` prints. It has all scopes.
pub(super) const TOKEN: &str = "sandbox-sandbox-sandbox-sandbox-sandbox-";

/// A permission of a token. An edit scope includes the read scope of the same area.
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
    /// The scopes that together permit every call.
    const FULL_ACCESS: [Self; 4] = [
        Self::ZoneRead,
        Self::DnsEdit,
        Self::SslEdit,
        Self::SettingsEdit,
    ];

    fn includes(self, needed: Self) -> bool {
        self == needed
            || matches!(
                (self, needed),
                (Self::DnsEdit, Self::DnsRead)
                    | (Self::SslEdit, Self::SslRead)
                    | (Self::SettingsEdit, Self::SettingsRead)
            )
    }
}

/// The owner of a token. Each owner's tokens have their own `verify` call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    User,
    Account,
}

/// A token without its secret text.
#[derive(Debug)]
pub(super) struct Token {
    id: String,
    scopes: Vec<Scope>,
    owner: Owner,
    window: Option<Window>,
}

impl Token {
    pub(super) fn new(id: String, scopes: Vec<Scope>, owner: Owner) -> Self {
        Self {
            id,
            scopes,
            owner,
            window: None,
        }
    }
}

/// The current rate limit window of a token.
#[derive(Debug, Clone, Copy)]
struct Window {
    opened: Instant,
    calls: u32,
}

/// The rate limit of a token and what is left of it, for the headers of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    pub(super) limit: u32,
    pub(super) window_s: u64,
    pub(super) remaining: u32,
    /// Whole seconds until the next window, rounded up.
    pub(super) reset_s: u64,
}

/// The result of counting a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    /// Whether the call exceeds the rate limit.
    pub(super) exceeded: bool,
    pub(super) quota: Quota,
}

/// All tokens, by their secret text.
#[derive(Debug)]
pub(super) struct Tokens(BTreeMap<String, Token>);

impl Tokens {
    /// The token [`TOKEN`] with this id.
    pub(super) fn new(id: String) -> Self {
        let token = Token::new(id, Scope::FULL_ACCESS.to_vec(), Owner::User);
        Self(BTreeMap::from([(TOKEN.to_owned(), token)]))
    }

    pub(super) fn add(&mut self, text: String, token: Token) {
        self.0.insert(text, token);
    }

    /// Checks that `text` is a token with this scope. Without a scope, any token passes.
    pub(super) fn allow(&self, text: &str, scope: Option<Scope>) -> Result<(), ApiError> {
        let token = self
            .0
            .get(text)
            .ok_or_else(|| ApiError::new(403, 9109, "Invalid access token"))?;
        let allowed =
            scope.is_none_or(|needed| token.scopes.iter().any(|scope| scope.includes(needed)));
        if allowed {
            Ok(())
        } else {
            Err(ApiError::new(403, 10000, "Authentication error"))
        }
    }

    /// Counts a call with a token. `None` if the token is unknown.
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

    /// `user/tokens/verify` and `accounts/{id}/tokens/verify`: each accepts only the tokens of one owner.
    pub(super) fn verify(&self, text: &str, owner: Owner) -> Outcome {
        match self.0.get(text) {
            Some(token) if token.owner == owner => {
                Ok(Answer::new(json!({ "id": token.id, "status": "active" }))
                    .with_message(10000, "This API Token is valid and active"))
            }
            _ => Err(ApiError::new(401, 1000, "Invalid API Token")),
        }
    }
}

/// The token in the `Authorization` header of a call.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let malformed = |code: u32, name: &str| {
        ApiError::new(400, 6003, "Invalid request headers")
            .with_cause(code, format!("Invalid format for {name} header"))
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

/// Whether the text has the format of a token: 40 to 255 letters, digits, `-` and `_`.
pub(super) fn is_token(text: &str) -> bool {
    (40..=255).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
