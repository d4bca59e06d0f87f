//! Reads an environment's file and finds all its problems at once.
//!
//! The schema that editors use comes first: it finds unknown fields and values out of range. Then the crate of each
//! section that can still be parsed validates the section.

use std::ops::Range;
use std::path::{Path, PathBuf};

use jsonschema::error::ValidationErrorKind as Kind;
use nex_plan::{Problems, SecretRef};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use toml::de::DeTable;

use super::diagnostic::Excerpt;
use super::schema::{VALIDATOR, described, known_fields, refused, strings};
use super::sections::{self, Missing};
use super::spans::{Part, Spans};
use super::{Diagnostic, Hosting, Position, Spec, is_in_section, place, user_data, validate};
use crate::similar::nearest;

/// A file that can't be used as an environment.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// The file does not exist.
    #[error("there is no environment {name}: {} does not exist{}", path.display(), others(existing))]
    Absent {
        /// The name that was asked for.
        name: String,
        /// Where the file would be.
        path: PathBuf,
        /// The environments that exist.
        existing: Vec<String>,
    },
    /// The file can't be read.
    #[error("{} can't be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file has problems.
    #[error("{} {} in {}\n{}", .found.len(), if .found.len() == 1 { "problem" } else { "problems" }, path.display(), lines(found, text))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// All problems, in the order of the file.
        found: Vec<Diagnostic>,
        /// The file's content.
        text: String,
    },
}

/// An environment's file that has no problems.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The environment.
    pub spec: Spec,
    /// The file.
    pub path: PathBuf,
}

impl Loaded {
    /// The folder that relative paths in the file count from.
    pub fn project(&self) -> &Path {
        place::project(&self.path)
    }
}

/// Finds the environment `name` (`environments/NAME.toml` in `folder` or in a folder above, or a path to a file) and
/// reads its file.
///
/// # Errors
/// [`Invalid`], with all problems of the file.
pub fn load(name: &str, folder: &Path) -> Result<Loaded, Invalid> {
    let path = place::find(name, folder);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Invalid::Absent {
                name: name.to_owned(),
                existing: place::beside(&path),
                path,
            });
        }
        Err(source) => return Err(Invalid::Unreadable { path, source }),
    };
    let mut reader = Reader::new(&text, &path);
    let spec = reader.read();
    if let Some(spec) = &spec {
        let by_name = !place::is_path(name);
        if by_name && spec.name != name {
            let message = format!("the file is {}.toml, and the name is {:?}", name, spec.name);
            reader.add(
                "name",
                message,
                Some(format!("{name:?}")),
                None,
                Part::Value,
            );
        }
    }
    let mut found = reader.found;
    found.sort();
    found.dedup();
    match spec {
        Some(spec) if found.is_empty() => Ok(Loaded { spec, path }),
        _ => Err(Invalid::Wrong { path, found, text }),
    }
}

fn others(existing: &[String]) -> String {
    match existing {
        [] => String::new(),
        existing => format!("; the environments here: {}", existing.join(", ")),
    }
}

fn lines(found: &[Diagnostic], text: &str) -> String {
    let problems: Vec<String> = found.iter().map(|problem| problem.render(text)).collect();
    problems.join("\n\n")
}

struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
    spans: Spans,
    found: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, path: &'a Path) -> Self {
        Self {
            text,
            path,
            spans: Spans::default(),
            found: vec![],
        }
    }

    fn read(&mut self) -> Option<Spec> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            self.syntax(error.span(), error.message());
        }
        if !errors.is_empty() {
            return None;
        }
        self.spans = Spans::of(table.get_ref());
        let mut json: Json = match toml::from_str::<toml::Table>(self.text) {
            Ok(table) => serde_json::to_value(table).unwrap_or_default(),
            Err(error) => {
                self.syntax(error.span(), error.message());
                return None;
            }
        };
        let wrong = self.by_schema(&json);
        for pointer in wrong {
            remove(&mut json, &pointer);
        }
        self.by_sections(&json)
    }

    /// Adds an error of the TOML parser. The position is enough: the line may have a secret.
    fn syntax(&mut self, span: Option<Range<usize>>, message: &str) {
        let span = span.unwrap_or_default();
        self.push(span, "", message.to_owned(), None, None);
        self.withhold();
    }

    /// Keeps the line of the last problem out of what is shown.
    fn withhold(&mut self) {
        if let Some(problem) = self.found.last_mut() {
            problem.excerpt = Excerpt::Withheld;
        }
    }

    /// Adds the problems that the schema finds, and returns the places that the next step leaves out.
    fn by_schema(&mut self, json: &Json) -> Vec<String> {
        let mut wrong = vec![];
        for error in VALIDATOR.iter_errors(json) {
            let pointer = error.instance_path().as_str().to_owned();
            let path = dotted(&pointer);
            match error.kind() {
                Kind::AdditionalProperties { unexpected } => {
                    let known = known_fields(&error);
                    for field in unexpected {
                        self.unknown(&join(&path, field), field, &known);
                        wrong.push(format!("{pointer}/{field}"));
                    }
                }
                Kind::Required { property } => {
                    let field = property.as_str().unwrap_or_default();
                    let path = join(&path, field);
                    self.add(&path, "is missing".into(), None, None, Part::Key);
                }
                kind => {
                    let (message, allowed) = refused(kind, error.instance());
                    let allowed = match kind {
                        Kind::Pattern { .. } => described(&error).or(allowed),
                        _ => allowed,
                    };
                    let meant = match (kind, error.instance().as_str()) {
                        (Kind::Enum { options }, Some(text)) => nearest(text, &strings(options)),
                        _ => None,
                    };
                    let is_secret = is_secret_reference(kind);
                    let message = if is_secret {
                        "the value is not a valid reference to a secret".to_owned()
                    } else {
                        message
                    };
                    self.add(&path, message, allowed, meant, Part::Value);
                    if is_secret {
                        self.withhold();
                    }
                    wrong.push(pointer);
                }
            }
        }
        wrong
    }

    fn unknown(&mut self, path: &str, field: &str, known: &[String]) {
        let allowed = Some(known.join(", ")).filter(|list| !list.is_empty());
        let meant = nearest(field, known);
        self.add(
            path,
            "there is no such field".into(),
            allowed,
            meant,
            Part::Key,
        );
    }

    /// Validates each section by its own crate; a section that can't be parsed does not stop the others.
    fn by_sections(&mut self, json: &Json) -> Option<Spec> {
        self.missing_sections(json);
        let aws = self.section::<nex_infra::Spec>(json, "aws", |s| s.validate());
        let gitlab = self.section::<nex_gitlab::Spec>(json, "gitlab", |s| s.validate());
        let runner = self.section::<nex_runner::Spec>(json, "runner", |s| s.validate());
        let text = |field: &str| json.get(field).and_then(Json::as_str).map(str::to_owned);
        let prefix = text("prefix").unwrap_or_else(super::default_prefix);
        let names = nex_infra::Names::new(&prefix, text("name").unwrap_or_default());
        let validate = |spec: &nex_dns::Spec| spec.validate(names.deployment());
        let dns = self.section::<nex_dns::Spec>(json, "dns", validate);
        if dns.is_none() && json.get("dns").is_some() {
            return None;
        }
        let hosting = if sections::has_hosting(json) {
            Some(Hosting {
                aws: aws?,
                gitlab: gitlab?,
                runner: runner.unwrap_or_default(),
            })
        } else {
            None
        };
        let spec = Spec {
            name: text("name")?,
            prefix,
            hosting,
            dns,
        };
        self.problems(validate::between_sections(&spec));
        if let Some(hosting) = &spec.hosting {
            self.problems(user_data::too_long(&spec, hosting));
        }
        Some(spec)
    }

    /// Adds the sections that must be there beside those that are.
    fn missing_sections(&mut self, json: &Json) {
        for Missing { section, allowed } in sections::missing(json) {
            let is_refused = self.found.iter().any(|d| is_in_section(&d.field, section));
            if !is_refused {
                let (message, allowed) = ("is missing".to_owned(), allowed.to_owned());
                self.add(section, message, Some(allowed), None, Part::Key);
            }
        }
    }

    fn section<T: DeserializeOwned>(
        &mut self,
        json: &Json,
        name: &str,
        validate: impl Fn(&T) -> Problems,
    ) -> Option<T> {
        let section = json.get(name)?;
        match serde_json::from_value::<T>(section.clone()) {
            Ok(section) => {
                let mut problems = Problems::new();
                problems.extend_under(name, validate(&section));
                self.problems(problems);
                Some(section)
            }
            // The schema has already reported a problem of this section.
            Err(_) if self.found.iter().any(|d| d.field.starts_with(name)) => None,
            Err(error) => {
                self.add(name, error.to_string(), None, None, Part::Key);
                None
            }
        }
    }

    fn problems(&mut self, problems: Problems) {
        for problem in problems {
            self.add(
                &problem.path,
                problem.message,
                Some(problem.expected),
                None,
                Part::Value,
            );
        }
    }

    fn add(
        &mut self,
        path: &str,
        message: String,
        allowed: Option<String>,
        meant: Option<String>,
        part: Part,
    ) {
        let span = self.spans.nearest(path, part);
        self.push(span, path, message, allowed, meant);
    }

    fn push(
        &mut self,
        span: Range<usize>,
        field: &str,
        message: String,
        allowed: Option<String>,
        did_you_mean: Option<String>,
    ) {
        self.found.push(Diagnostic {
            file: self.path.to_owned(),
            position: Position::of(self.text, span.start),
            field: field.to_owned(),
            message,
            allowed,
            did_you_mean,
            offset: span.start,
            length: span.len(),
            excerpt: Excerpt::Shown,
        });
    }
}

/// Whether a value was refused that should refer to a secret: the value may be the secret itself.
fn is_secret_reference(kind: &Kind) -> bool {
    matches!(kind, Kind::Pattern { pattern } if pattern == SecretRef::PATTERN)
}

/// `/aws/fleet/max` as `aws.fleet.max`, `/dns/records/2` as `dns.records[2]`.
fn dotted(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        match part.parse::<usize>() {
            Ok(n) => path.push_str(&format!("[{n}]")),
            Err(_) => path = join(&path, &part),
        }
    }
    path
}

fn join(path: &str, field: &str) -> String {
    match path {
        "" => field.to_owned(),
        path => format!("{path}.{field}"),
    }
}

fn remove(json: &mut Json, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        return;
    };
    // An entry of a list stays: without it, the paths of later entries would be wrong.
    if let Some(Json::Object(fields)) = json.pointer_mut(parent) {
        fields.remove(last);
    }
}
