//! Questions to the operator.

use std::io::{IsTerminal as _, Write as _};

use anyhow::ensure;

/// Asks a question that only `y` or `yes` answers with yes.
///
/// # Errors
/// If there is no terminal to ask on.
pub(crate) fn confirm(question: &str) -> anyhow::Result<bool> {
    let answer = ask(&format!("{question} [y/N] "), "--yes")?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a line of text. `option` is the option that gives the answer without a question.
///
/// # Errors
/// If there is no terminal to ask on.
pub(crate) fn ask(question: &str, option: &str) -> anyhow::Result<String> {
    ensure!(
        std::io::stdin().is_terminal(),
        "stdin is not a terminal: pass {option} to answer without a question ({})",
        question.trim_end()
    );
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{question}")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}
