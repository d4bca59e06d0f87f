//! The query of a list call: filters, and which page is asked for.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::envelope::{Answer, ApiError, Outcome};

/// The pairs of a query string, decoded.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(text: &str) -> Self {
        let decode = |part: &str| {
            let spaced = part.replace('+', " ");
            percent_encoding::percent_decode_str(&spaced)
                .decode_utf8_lossy()
                .into_owned()
        };
        Self(
            text.split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(key, value)| (decode(key), decode(value)))
                .collect(),
        )
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// Whether `value` is what the filters on `field` ask for, in the API's forms: `name`,
    /// `name.exact`, `name.contains`, `name.startswith`, `name.endswith`. Letters' case does not
    /// matter.
    pub(super) fn fits(&self, field: &str, value: &str) -> bool {
        let value = value.to_lowercase();
        self.0.iter().all(|(key, wanted)| {
            let wanted = wanted.to_lowercase();
            let form = match key.strip_prefix(field) {
                Some("") => "exact",
                Some(rest) => rest.trim_start_matches('.'),
                None => return true,
            };
            match form {
                "exact" => value == wanted,
                "contains" => value.contains(&wanted),
                "startswith" => value.starts_with(&wanted),
                "endswith" => value.ends_with(&wanted),
                _ => true,
            }
        })
    }
}

/// How a list is cut into pages.
#[derive(Debug, Clone)]
pub(super) struct Paging {
    pub(super) default: usize,
    pub(super) allowed: RangeInclusive<usize>,
}

impl Paging {
    /// The page that the query asks for, out of all that fit.
    pub(super) fn cut(&self, query: &Query, all: Vec<Value>) -> Outcome {
        let page = number(query, "page", 1)?;
        let per_page = number(query, "per_page", self.default)?;
        if page == 0 {
            return Err(invalid("page"));
        }
        if !self.allowed.contains(&per_page) {
            return Err(invalid("per_page"));
        }
        let total = all.len();
        let start = (page - 1).saturating_mul(per_page);
        let part: Vec<Value> = all.into_iter().skip(start).take(per_page).collect();
        let info = json!({
            "page": page,
            "per_page": per_page,
            "count": part.len(),
            "total_count": total,
            "total_pages": total.div_ceil(per_page),
        });
        Ok(Answer::page(part, info))
    }
}

fn number(query: &Query, key: &'static str, default: usize) -> Result<usize, ApiError> {
    match query.get(key) {
        None | Some("") => Ok(default),
        Some(text) => text.parse().map_err(|_| invalid(key)),
    }
}

/// That it is refused is documented; the code is not.
fn invalid(key: &str) -> ApiError {
    ApiError::new(400, 1003, format!("Invalid or missing value: {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let query = Query::of("name.contains=git&type=A&comment.exact=a%20b+c");
        assert!(query.fits("name", "GitLab.example.com"));
        assert!(!query.fits("name", "www.example.com"));
        assert!(query.fits("type", "A") && !query.fits("type", "AAAA"));
        assert!(query.fits("comment", "a b c"));
        assert!(query.fits("content", "anything"));
    }
}
