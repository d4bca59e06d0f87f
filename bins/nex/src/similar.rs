//! Suggestions for words that someone may have mistyped.

/// How similar two words must be, from 0 to 1, before one is suggested for the other.
const ALIKE: f64 = 0.65;

/// Measures similarity in two ways: common letters in order suit long words, few edits suit short words.
fn alike(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, b).max(strsim::normalized_damerau_levenshtein(a, b))
}

/// The known word that is most like `word`, if one is similar enough.
pub(crate) fn nearest(word: &str, known: &[String]) -> Option<String> {
    known
        .iter()
        .map(|candidate| (alike(word, candidate), candidate))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.clone())
}
