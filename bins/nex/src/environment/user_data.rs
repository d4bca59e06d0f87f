//! Whether the hosts' user data fits, before anything is looked up.

use nex_infra::{DatabaseFacts, EdgeNetworks};
use nex_plan::Problems;
use serde::Serialize;
use serde_json::Value as Json;

use super::{Hosting, Spec};
use crate::wiring::Inputs;

/// The problems of user data that EC2 would refuse, each at the longest field of its section.
pub(super) fn too_long(spec: &Spec, hosting: &Hosting) -> Problems {
    let database = likely_database(&hosting.aws);
    let edge = EdgeNetworks::Known(nex_dns::edge::built_in().cidrs());
    let inputs = Inputs::new(spec, hosting, &database, &edge);
    let mut problems = Problems::new();
    let server = nex_gitlab::user_data(&hosting.gitlab, &inputs.gitlab());
    if let Err(nex_gitlab::Error::TooLarge { size }) = server {
        let field = longest("gitlab", &hosting.gitlab);
        add(
            &mut problems,
            field,
            "the server's",
            size,
            nex_gitlab::USER_DATA_LIMIT,
        );
    }
    let fleet = nex_runner::user_data(&hosting.runner, &inputs.runner());
    if let Err(nex_runner::Error::TooLarge { size }) = fleet {
        let field = longest("runner", &hosting.runner);
        add(
            &mut problems,
            field,
            "the runners'",
            size,
            nex_runner::USER_DATA_LIMIT,
        );
    }
    problems
}

fn add(problems: &mut Problems, field: String, whose: &str, size: usize, limit: usize) {
    problems.add(
        field,
        format!(
            "{whose} user data is {size} bytes, {} too many; this field is the longest of its section",
            size - limit
        ),
        format!("values with which the user data has at most {limit} bytes, EC2's limit"),
    );
}

/// A database whose host name is as long as a real one: RDS puts 12 characters between the instance's name and the Region.
fn likely_database(aws: &nex_infra::Spec) -> DatabaseFacts {
    let (instance, region) = (&aws.database.instance, &aws.region);
    DatabaseFacts {
        host: format!("{instance}.abcdefghijkl.{region}.rds.amazonaws.com"),
        port: 5432,
        version: "16.4".to_owned(),
        groups: vec![],
    }
}

/// The path of a section's field with the longest value.
fn longest(name: &str, section: &impl Serialize) -> String {
    let section = serde_json::to_value(section).unwrap_or_default();
    let mut longest = Field {
        length: 0,
        path: name.to_owned(),
    };
    visit(name, &section, &mut longest);
    longest.path
}

struct Field {
    length: usize,
    path: String,
}

fn visit(path: &str, value: &Json, longest: &mut Field) {
    if let Json::Object(fields) = value {
        for (name, value) in fields {
            visit(&format!("{path}.{name}"), value, longest);
        }
        return;
    }
    let length = value.to_string().len();
    if length > longest.length {
        *longest = Field {
            length,
            path: path.to_owned(),
        };
    }
}
