//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use nex_plan::Allowance;

use crate::context::endpoints::DEFAULT_SANDBOX;

/// Plans, builds and operates a self-hosted GitLab with its Spot runner fleet on AWS.
#[derive(Debug, Parser)]
#[command(
    name = "nex",
    version,
    after_help = "Examples:
  nex check staging                  problems and warnings of environments/staging.toml
  nex plan staging --sandbox         what would be done, on a sandbox on loopback
  nex bootstrap staging              build the environment, or fix what has drifted
  nex outputs staging                addresses, URLs and names of the environment
  nex render staging gitlab/gitlab.rb

Exit codes: 0 fine, 1 failed, 2 usage, 3 there are changes (plan --check), 4 partly applied, 5 refused for safety."
)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Work on a sandbox on loopback instead of the real clouds; the sandbox starts if it is not running
    #[arg(long, global = true, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = DEFAULT_SANDBOX)]
    pub sandbox: Option<String>,
    /// Write JSON to stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Write only errors to stderr
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Show how many calls were made and how long they took
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Show every field of a plan, not only the most telling ones
    #[arg(long, global = true)]
    pub full: bool,
}

/// How the operator agrees to a plan.
#[derive(Clone, Debug, Default, Args)]
pub struct Agreement {
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Allow one danger of one resource, as the refusal names them (repeatable)
    #[arg(long, value_name = "CODE:SUBJECT")]
    pub allow: Vec<Allowance>,
}

/// What a plan is made with.
#[derive(Clone, Debug, Default, Args)]
pub struct Planning {
    /// Plan this resource only, with what it needs (repeatable); KIND and NAME are as plans show them
    #[arg(long, num_args = 2, value_names = ["KIND", "NAME"], action = clap::ArgAction::Append)]
    pub only: Vec<String>,
    /// Give this secret a new value if it was deleted, instead of restoring the old one (repeatable)
    #[arg(long, value_name = "SECRET")]
    pub rotate: Vec<String>,
}

/// What to do when another run is at work on the same deployment.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Others {
    /// Wait until the other run has ended
    #[arg(long)]
    pub wait: bool,
    /// Take the lock of another run, which then stops
    #[arg(long, conflicts_with = "wait")]
    pub take_over: bool,
}

/// The commands of `nex`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show all problems of an environment's file, then the warnings about it
    #[command(after_help = "Examples:
  nex check staging
  nex check path/to/environment.toml --json
  nex check staging --deep           also what others set in the deployment and a plan does not read
  nex check staging --deep --json | jq '.deployment[] | .code'

Without --deep, no network is needed. --deep reads the resource policies of the secrets, the replication, notifications
and versioning of the buckets, the subscription filters of the log groups, the maximum session duration of the roles, offers of
the address to other accounts, and the server's user data and shutdown behavior: one call for each.")]
    Check {
        /// The environment: environments/ENV.toml, or a path to a file
        env: String,
        /// Read the deployment too: what others set there and a plan does not read
        #[arg(long)]
        deep: bool,
    },
    /// Show what would be created, changed, replaced and deleted
    #[command(after_help = "Examples:
  nex plan staging
  nex plan staging --check           exit 3 when there are changes
  nex plan staging --out staging.plan && nex bootstrap staging --plan staging.plan
  nex plan staging --only dns-record 'gitlab.example.com A'
  nex plan staging --json | jq '.actions[] | select(.action == \"replace\")'")]
    Plan {
        /// The environment
        env: String,
        /// What the plan is made with.
        #[command(flatten)]
        planning: Planning,
        /// Exit 3 when there are changes
        #[arg(long)]
        check: bool,
        /// Write the plan to a file, for `bootstrap --plan`
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Build the environment, or fix what has drifted: plan, ask, apply, read back
    #[command(after_help = "Examples:
  nex bootstrap staging --sandbox
  nex bootstrap staging --yes
  nex bootstrap staging --plan staging.plan
  nex bootstrap staging --only launch-template nex-staging-gitlab-runner
  nex bootstrap staging --allow 'stateful-replaced:instance nex-staging-gitlab'

To continue a run that was interrupted at any point, run the command again.")]
    Bootstrap {
        /// The environment
        env: String,
        /// What the plan is made with.
        #[command(flatten)]
        planning: Planning,
        /// How the operator agrees to the plan.
        #[command(flatten)]
        agreement: Agreement,
        /// Apply only this plan; refuse if the environment or the spec has moved since
        #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "rotate"])]
        plan: Option<PathBuf>,
        /// What to do when another run is at work.
        #[command(flatten)]
        others: Others,
    },
    /// Take over existing resources by giving them nex's tags; the difference is shown first
    #[command(after_help = "Examples:
  nex adopt staging instance i-0e9ac36ca2e71331c
  nex adopt staging s3-bucket nex-staging-gitlab-registry
  nex adopt staging iam-role nex-staging-gitlab-runner --yes
  nex adopt staging --all            everything that has a name of the environment
  nex adopt staging --all --allow 'ambiguous:elastic-ip nex-staging-gitlab'

With --all, what belongs to another deployment of nex stays with it. Of several resources with one name none is taken:
adopt the one that serves by its id, or allow it, and all of them stay as they are.")]
    Adopt {
        /// The environment
        env: String,
        /// The resource's kind, as plans name it
        #[arg(required_unless_present = "all")]
        kind: Option<String>,
        /// The resource's id: an instance id, the name of a bucket or role, ...
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// Everything that has a name of the environment, at AWS and in the zone
        #[arg(long, conflicts_with_all = ["kind", "id"])]
        all: bool,
        /// How the operator agrees to the plan.
        #[command(flatten)]
        agreement: Agreement,
        /// What to do when another run is at work.
        #[command(flatten)]
        others: Others,
    },
    /// Delete everything that nex manages for the environment, in reverse order
    #[command(after_help = "Examples:
  nex destroy staging --sandbox
  nex destroy staging --allow 'stateful-deleted:instance nex-staging-gitlab' --allow 'stateful-deleted:volume nex-staging-gitlab'

Each resource with state (server, volumes, buckets with objects, Elastic IP, secrets) must be allowed by name.
A bucket's objects are deleted only if the bucket is named.
Secrets can be restored for 30 days; a bootstrap in that time restores them (--rotate SECRET gives a new value).")]
    Destroy {
        /// The environment
        env: String,
        /// The environment's name again, instead of typing it at the prompt
        #[arg(long, value_name = "ENV")]
        confirm: Option<String>,
        /// Allow one danger of one resource, as the refusal names them (repeatable)
        #[arg(long, value_name = "CODE:SUBJECT")]
        allow: Vec<Allowance>,
        /// What to do when another run is at work.
        #[command(flatten)]
        others: Others,
    },
    /// Show addresses, URLs and names of the environment
    #[command(after_help = "Examples:
  nex outputs staging
  nex outputs staging --json | jq -r .address")]
    Outputs {
        /// The environment
        env: String,
    },
    /// Cloudflare alone: records, zone settings and certificates
    Dns {
        /// The command.
        #[command(subcommand)]
        command: Dns,
    },
    /// Print a file that nex would put on a machine; without WHAT, list them
    #[command(after_help = "Examples:
  nex render staging
  nex render staging runner/config.toml
  nex render staging gitlab/user-data --sandbox
  nex render staging --all out/ --database-host db.example.com")]
    Render {
        /// The environment
        env: String,
        /// Which file
        what: Option<String>,
        /// Write all files into this folder
        #[arg(long, value_name = "FOLDER", conflicts_with = "what")]
        all: Option<PathBuf>,
        /// The database's host, instead of a look-up
        #[arg(long, value_name = "HOST")]
        database_host: Option<String>,
    },
    /// Print the JSON Schema of an environment's file, for editors
    #[command(after_help = "Example:
  nex schema > environments/schema.json
  then, as the first line of an environment's file: #:schema schema.json")]
    Schema,
    /// Print completions for a shell
    #[command(
        after_help = "Example:\n  nex completions bash > ~/.local/share/bash-completion/completions/nex"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The commands of `nex dns`.
#[derive(Debug, Subcommand)]
pub enum Dns {
    /// Show what would change in the zone
    #[command(after_help = "Examples:
  nex dns plan staging
  nex dns plan staging --check       exit 3 when there are changes")]
    Plan {
        /// The environment
        env: String,
        /// Exit 3 when there are changes
        #[arg(long)]
        check: bool,
    },
    /// Change the zone to what its spec says: plan, ask, apply, read back
    #[command(after_help = "Examples:
  nex dns apply staging
  nex dns apply staging --yes --allow 'too-many-changes:zone example.com'

Certificates go into secrets that `nex bootstrap` creates.")]
    Apply {
        /// The environment
        env: String,
        /// How the operator agrees to the plan.
        #[command(flatten)]
        agreement: Agreement,
    },
    /// Delete the environment's records; settings and certificates stay
    #[command(after_help = "Examples:
  nex dns destroy staging
  nex dns destroy staging --confirm staging")]
    Destroy {
        /// The environment
        env: String,
        /// The environment's name again, instead of typing it at the prompt
        #[arg(long, value_name = "ENV")]
        confirm: Option<String>,
        /// Allow one danger of one resource, as the refusal names them (repeatable)
        #[arg(long, value_name = "CODE:SUBJECT")]
        allow: Vec<Allowance>,
    },
    /// Print the zone's records and settings as a section of a spec
    #[command(after_help = "Example:
  nex dns import staging > zone.toml

Comments name the types that a spec can't hold. Records that nex did not make are listed with the command that adopts them.")]
    Import {
        /// The environment
        env: String,
    },
    /// Revoke certificates that no secret uses any more, once every server has the new one
    #[command(after_help = "Examples:
  nex dns revoke staging
  nex dns revoke staging --yes

A replaced certificate stays valid until then, so that a server that still presents it keeps working.")]
    Revoke {
        /// The environment
        env: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}
