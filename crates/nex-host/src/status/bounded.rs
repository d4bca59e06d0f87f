//! Texts and lists of limited size.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// A text that takes at most `N` bytes in JSON. A longer one is cut, and then ends with `…`. Control characters
/// become spaces, so a terminal shows the text as it is.
///
/// ```
/// let text = nex_host::Text::<8>::from("no network\n");
/// assert_eq!(text.as_str(), "no ne…");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const N: usize>(String);

const ELLIPSIS: char = '…';

impl<const N: usize> Text<N> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> From<&str> for Text<N> {
    fn from(text: &str) -> Self {
        let text = text.replace(char::is_control, " ");
        if text.chars().map(size_in_json).sum::<usize>() <= N {
            return Self(text);
        }
        let mut room = N.saturating_sub(ELLIPSIS.len_utf8());
        let fits = |c: &char| {
            let left = room.checked_sub(size_in_json(*c));
            room = left.unwrap_or(room);
            left.is_some()
        };
        Self(text.chars().take_while(fits).chain([ELLIPSIS]).collect())
    }
}

/// The bytes of a character in a JSON string. Control characters are not in a [`Text`].
fn size_in_json(c: char) -> usize {
    match c {
        '"' | '\\' => 2,
        c => c.len_utf8(),
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Text<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(String::deserialize(deserializer)?.as_str().into())
    }
}

/// A list of at most `N` items. Of a longer one it keeps the first `N`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct List<T, const N: usize>(Vec<T>);

impl<T, const N: usize> List<T, N> {
    /// The items.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }
}

impl<T, const N: usize> Default for List<T, N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const N: usize> FromIterator<T> for List<T, N> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().take(N).collect())
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for List<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_that_fits_stays() {
        assert_eq!(Text::<4>::from("ab\"").as_str(), "ab\"");
        assert_eq!(Text::<3>::from("…").as_str(), "…");
    }

    #[test]
    fn control_characters_become_spaces() {
        let text = Text::<20>::from("\u{1b}[31m\n\u{7f}\u{9b}x");
        assert_eq!(text.as_str(), " [31m   x");
    }

    proptest! {
        #[test]
        fn a_text_keeps_its_limit_and_is_never_cut_twice(text in any::<String>()) {
            let cut = Text::<20>::from(text.as_str());
            let json = serde_json::to_string(&cut).expect("JSON");
            prop_assert!(json.len() <= 20 + r#""""#.len(), "{}", json);
            prop_assert_eq!(&Text::<20>::from(cut.as_str()), &cut);
            let start = cut.as_str().trim_end_matches(ELLIPSIS);
            prop_assert!(text.replace(char::is_control, " ").starts_with(start));
        }
    }
}
