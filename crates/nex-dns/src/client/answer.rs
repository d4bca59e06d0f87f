//! Cloudflare's envelope: `{success, errors, messages, result, result_info}`.

use cloudflare::framework::response::ApiResult;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::{ApiError, Error, Refusal};
use super::pace;

/// How many characters an error shows of an answer that is not JSON.
const SHOWN: usize = 80;

/// The maximum size of an answer, in bytes. Cloudflare's largest answer, a page of 5,000 records, has about 3 MB.
const MAX_BODY: usize = 64 << 20;

/// A call's result.
#[derive(Clone, Debug)]
pub(super) struct Answer<T> {
    /// The result.
    pub(super) result: T,
    /// The answer's position in a list.
    pub(super) info: PageInfo,
}

/// The position of an answer in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct PageInfo {
    /// How many entries the list has.
    pub(super) total_count: Option<u32>,
    /// How many entries a page has at most.
    pub(super) per_page: Option<u32>,
    /// How many pages the list has.
    pub(super) total_pages: Option<u32>,
}

impl PageInfo {
    /// How many pages the list has. Some lists return only the number of their entries.
    pub(super) fn pages(&self) -> u32 {
        let counted = || {
            let per_page = self.per_page.filter(|size| *size > 0)?;
            Some(self.total_count?.div_ceil(per_page))
        };
        self.total_pages.or_else(counted).unwrap_or(1)
    }
}

/// One page of a list: `ApiResult` can't be implemented here for a plain `Vec`.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T: DeserializeOwned + std::fmt::Debug> ApiResult for List<T> {}

#[derive(Deserialize)]
struct Envelope {
    success: bool,
    #[serde(default)]
    errors: Option<Vec<ApiError>>,
    #[serde(default)]
    result: serde_json::Value,
    #[serde(default)]
    result_info: Option<PageInfo>,
}

/// Reads a response. The call was refused if the body has `success: false` or if the status is an error.
pub(super) async fn read<T: DeserializeOwned>(
    response: reqwest::Response,
    operation: &str,
) -> Result<Answer<T>, Error> {
    let status = response.status();
    let retry_after = pace::retry_after(response.headers());
    let body = body(response, operation).await?;
    let foreign = || Error::NotJson {
        operation: operation.to_owned(),
        status: status.as_u16(),
        start: start(&body),
        retry_after,
    };
    let envelope: Envelope = serde_json::from_slice(&body).map_err(|_| foreign())?;
    if !envelope.success || !status.is_success() {
        return Err(Error::Refused(Box::new(Refusal {
            operation: operation.to_owned(),
            status: status.as_u16(),
            errors: envelope.errors.unwrap_or_default(),
            retry_after,
        })));
    }
    let result = serde_json::from_value(envelope.result).map_err(|source| Error::Form {
        operation: operation.to_owned(),
        source,
    })?;
    Ok(Answer {
        result,
        info: envelope.result_info.unwrap_or_default(),
    })
}

/// Reads the body in pieces, because the length in its header can't be trusted.
async fn body(mut response: reqwest::Response, operation: &str) -> Result<Vec<u8>, Error> {
    let lost = |source| Error::no_answer(operation, source);
    let mut body = vec![];
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if body.len() + chunk.len() > MAX_BODY {
            let what = format!("the answer has more than {} MiB", MAX_BODY >> 20);
            return Err(Error::implausible(operation, what));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn start(body: &[u8]) -> String {
    // Four bytes a character, and as much again for white space.
    let text = String::from_utf8_lossy(body.get(..8 * SHOWN).unwrap_or(body));
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(SHOWN).collect()
}
