//! Reads an environment's file and finds everything that is wrong with it at once.
//!
//! The schema that editors use is the first judge: it names every unknown field and every value out of bounds. Then
//! each section that still reads is checked by its own crate.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ValidationError, Validator};
use nex_plan::Problems;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use toml::de::DeTable;

use super::spans::Spans;
use super::{Diagnostic, Position, Spec, check};

/// A file that can't be used as an environment.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// There is no such file.
    #[error("there is no environment {name}: {} is not there", path.display())]
    Absent {
        /// What was asked for.
        name: String,
        /// Where it would stand.
        path: PathBuf,
    },
    /// The file can't be read.
    #[error("{} can't be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file says what makes no environment.
    #[error("{} {} wrong in {}", .found.len(), if .found.len() == 1 { "thing is" } else { "things are" }, path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// All that is wrong, in the order of the file.
        found: Vec<Diagnostic>,
    },
}

/// The JSON Schema of an environment's file.
pub fn schema() -> Json {
    schemars::schema_for!(Spec).to_value()
}

/// The schema is fixed at build time: a test compiles it, so it can't be invalid here.
static VALIDATOR: LazyLock<Option<Validator>> =
    LazyLock::new(|| jsonschema::validator_for(&schema()).ok());

/// Finds `name` (`environments/NAME.toml` here or in a folder above, or a path to a file) and reads it.
pub fn load(name: &str, folder: &Path) -> Result<(Spec, PathBuf), Invalid> {
    let path = find(name, folder);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Invalid::Absent {
                name: name.to_owned(),
                path,
            });
        }
        Err(source) => return Err(Invalid::Unreadable { path, source }),
    };
    let mut reader = Reader::new(&text, &path);
    let spec = reader.read();
    if let Some(spec) = &spec {
        let by_name = !is_path(name);
        if by_name && spec.name != name {
            let message = format!("this is {}.toml, but the name is {:?}", name, spec.name);
            reader.add("name", message, Some(format!("{name:?}")), None, false);
        }
    }
    let mut found = reader.found;
    found.sort();
    found.dedup();
    match spec {
        Some(spec) if found.is_empty() => Ok((spec, path)),
        _ => Err(Invalid::Wrong { path, found }),
    }
}

fn is_path(name: &str) -> bool {
    name.ends_with(".toml") || name.contains('/')
}

fn find(name: &str, folder: &Path) -> PathBuf {
    if is_path(name) {
        return folder.join(name);
    }
    let file = Path::new("environments").join(format!("{name}.toml"));
    let mut above = folder.ancestors().map(|dir| dir.join(&file));
    let found = above.find(|path| path.is_file());
    // Paths relative to where the user stands read best.
    match found {
        Some(path) => path
            .strip_prefix(folder)
            .map(Path::to_owned)
            .unwrap_or(path),
        None => file,
    }
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
            let offset = error.span().map_or(0, |span| span.start);
            self.push(offset, "", error.message().to_owned(), None, None);
        }
        if !errors.is_empty() {
            return None;
        }
        self.spans = Spans::of(table.get_ref());
        let mut json: Json = match toml::from_str::<toml::Table>(self.text) {
            Ok(table) => serde_json::to_value(table).unwrap_or_default(),
            Err(error) => {
                let offset = error.span().map_or(0, |span| span.start);
                self.push(offset, "", error.message().to_owned(), None, None);
                return None;
            }
        };
        let wrong = self.by_schema(&json);
        for pointer in wrong {
            remove(&mut json, &pointer);
        }
        self.by_sections(&json)
    }

    /// Notes what the schema refuses, and gives the places to leave out for what comes next.
    fn by_schema(&mut self, json: &Json) -> Vec<String> {
        let Some(validator) = VALIDATOR.as_ref() else {
            return vec![];
        };
        let mut wrong = vec![];
        for error in validator.iter_errors(json) {
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
                    self.add(&path, "is missing".into(), None, None, true);
                }
                kind => {
                    let (message, allowed) = refused(kind, error.instance());
                    let meant = match (kind, error.instance().as_str()) {
                        (Kind::Enum { options }, Some(text)) => nearest(text, &strings(options)),
                        _ => None,
                    };
                    self.add(&path, message, allowed, meant, false);
                    wrong.push(pointer);
                }
            }
        }
        wrong
    }

    fn unknown(&mut self, path: &str, field: &str, known: &[String]) {
        let allowed = Some(known.join(", ")).filter(|list| !list.is_empty());
        let meant = nearest(field, known);
        self.add(path, "there is no such field".into(), allowed, meant, true);
    }

    /// Each section by its own crate; a section that does not read leaves the others to be checked all the same.
    fn by_sections(&mut self, json: &Json) -> Option<Spec> {
        let aws = self.section::<nex_infra::Spec>(json, "aws", |s| s.problems());
        let gitlab = self.section::<nex_gitlab::Spec>(json, "gitlab", |s| s.problems());
        let runner = self.section::<nex_runner::Spec>(json, "runner", |s| s.problems());
        let dns = self.section::<nex_dns::Spec>(json, "dns", |s| s.problems());
        let text = |field: &str| json.get(field).and_then(Json::as_str).map(str::to_owned);
        let spec = Spec {
            name: text("name")?,
            prefix: text("prefix").unwrap_or_else(super::default_prefix),
            aws: aws?,
            gitlab: gitlab?,
            runner: runner.unwrap_or_default(),
            dns: dns?,
        };
        self.problems(check::between_sections(&spec));
        Some(spec)
    }

    fn section<T: DeserializeOwned>(
        &mut self,
        json: &Json,
        name: &str,
        check: impl Fn(&T) -> Problems,
    ) -> Option<T> {
        let section = json.get(name)?;
        match serde_json::from_value::<T>(section.clone()) {
            Ok(section) => {
                let mut problems = Problems::new();
                problems.extend_under(name, check(&section));
                self.problems(problems);
                Some(section)
            }
            // What the schema already said is not said again in other words.
            Err(_) if self.found.iter().any(|d| d.field.starts_with(name)) => None,
            Err(error) => {
                self.add(name, error.to_string(), None, None, true);
                None
            }
        }
    }

    fn problems(&mut self, problems: Problems) {
        for problem in problems {
            self.add(
                &problem.path,
                problem.message,
                Some(problem.allowed),
                None,
                false,
            );
        }
    }

    fn add(
        &mut self,
        path: &str,
        message: String,
        allowed: Option<String>,
        meant: Option<String>,
        at_key: bool,
    ) {
        let offset = self.spans.nearest(path, at_key);
        self.push(offset, path, message, allowed, meant);
    }

    fn push(
        &mut self,
        offset: usize,
        field: &str,
        message: String,
        allowed: Option<String>,
        did_you_mean: Option<String>,
    ) {
        self.found.push(Diagnostic {
            file: self.path.to_owned(),
            position: Position::of(self.text, offset),
            field: field.to_owned(),
            message,
            allowed,
            did_you_mean,
        });
    }
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

fn strings(list: &Json) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items
        .filter_map(|i| i.as_str().map(str::to_owned))
        .collect()
}

/// How alike two words must be, from 0 to 1, for one to be meant by the other.
const ALIKE: f64 = 0.75;

fn nearest(word: &str, known: &[String]) -> Option<String> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.clone())
}

/// The fields of the object that an unknown field stands in, from the schema.
fn known_fields(error: &ValidationError<'_>) -> Vec<String> {
    let schema = schema();
    let path = error.schema_path().as_str();
    let object = path.strip_suffix("/additionalProperties").unwrap_or(path);
    let properties = schema.pointer(&format!("{object}/properties"));
    let fields = properties.and_then(Json::as_object);
    fields
        .map(|f| f.keys().cloned().collect())
        .unwrap_or_default()
}

fn refused(kind: &Kind, value: &Json) -> (String, Option<String>) {
    let shown = match value {
        Json::String(text) => format!("{text:?}"),
        other => other.to_string(),
    };
    let is = |what: &str| format!("{shown} is {what}");
    match kind {
        Kind::Enum { options } => (
            is("not one of the values"),
            Some(strings(options).join(", ")),
        ),
        Kind::Type { kind } => {
            let wanted = serde_json::to_value(json!(format!("{kind:?}")));
            let wanted = wanted.unwrap_or_default().to_string();
            (is("of the wrong type"), Some(type_names(&wanted)))
        }
        Kind::Minimum { limit } => (is("too small"), Some(format!("{limit} or more"))),
        Kind::Maximum { limit } => (is("too large"), Some(format!("{limit} or less"))),
        Kind::MinLength { limit } => (is("too short"), Some(format!("{limit} characters or more"))),
        Kind::MaxLength { limit } => (is("too long"), Some(format!("{limit} characters or less"))),
        Kind::MinItems { limit } => (is("too short"), Some(format!("{limit} entries or more"))),
        Kind::Pattern { pattern } => (is("not of the right form"), Some(pattern.clone())),
        _ => (is("not allowed"), None),
    }
}

fn type_names(debug: &str) -> String {
    let names = [
        ("String", "text"),
        ("Integer", "a whole number"),
        ("Boolean", "true or false"),
        ("Array", "a list"),
        ("Object", "a table"),
        ("Number", "a number"),
    ];
    let fitting = names.iter().filter(|(name, _)| debug.contains(name));
    let fitting: Vec<&str> = fitting.map(|(_, words)| *words).collect();
    fitting.join(" or ")
}

fn remove(json: &mut Json, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        return;
    };
    match json.pointer_mut(parent) {
        Some(Json::Object(fields)) => {
            fields.remove(last);
        }
        // An entry of a list stays: without it the paths of those after it would be wrong.
        Some(_) | None => {}
    }
}
