//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Plans, builds and watches over a self-hosted GitLab with its Spot runner fleet on AWS.
#[derive(Debug, Parser)]
#[command(
    name = "nex",
    version,
    after_help = "Examples:
  nex check staging                  what is wrong or hazardous in environments/staging.toml
  nex plan staging --sandbox         what would be done, on a cloud on loopback
  nex bootstrap staging              build it, or mend what has drifted
  nex render staging gitlab/gitlab.rb

Exit codes: 0 fine, 1 failed, 2 usage, 3 there are changes (plan --check), 4 partly applied, 5 refused for safety."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Work on a sandbox on loopback instead of the real clouds; it is started when it is not up
    #[arg(long, global = true, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "default")]
    pub sandbox: Option<String>,
    /// Write JSON to stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Write nothing to stderr but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say how many calls were made and how long they took
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// What `nex` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say everything that is wrong with an environment's file, then its hazards
    #[command(
        after_help = "Examples:\n  nex check staging\n  nex check path/to/environment.toml --json"
    )]
    Check {
        /// The environment: environments/ENV.toml, or a path to a file
        env: String,
    },
    /// Show what would be created, changed, replaced and deleted
    #[command(after_help = "Examples:
  nex plan staging
  nex plan staging --check           exit 3 when there are changes
  nex plan staging --out staging.plan && nex bootstrap staging --plan staging.plan
  nex plan staging --json | jq '.actions[] | select(.action == \"replace\")'")]
    Plan {
        /// The environment
        env: String,
        /// Exit 3 when there are changes
        #[arg(long)]
        check: bool,
        /// Write the plan to a file, for `bootstrap --plan`
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Build the environment, or mend what has drifted: plan, ask, apply, read back
    #[command(after_help = "Examples:
  nex bootstrap staging --sandbox
  nex bootstrap staging --yes
  nex bootstrap staging --plan staging.plan
  nex bootstrap staging --allow 'instance nex-staging-gitlab'

A run that was cut off, at whatever point, is continued by running it again.")]
    Bootstrap {
        /// The environment
        env: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Do only what this plan says; refuse when the world or the spec has moved since
        #[arg(long, value_name = "FILE")]
        plan: Option<PathBuf>,
        /// Let a refused change through, by the name that the refusal gives (repeatable)
        #[arg(long, value_name = "KIND NAME")]
        allow: Vec<String>,
    },
    /// Take over a resource that is there, by giving it nex's tags, after showing the difference
    #[command(after_help = "Examples:
  nex adopt staging instance i-0e9ac36ca2e71331c
  nex adopt staging s3-bucket nex-staging-gitlab-registry
  nex adopt staging iam-role nex-staging-gitlab-runner --yes")]
    Adopt {
        /// The environment
        env: String,
        /// The resource's kind, as plans name it
        kind: String,
        /// Its id: an instance id, a bucket's name, a role's name, ...
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Take everything down that nex manages for the environment, in reverse order
    #[command(after_help = "Examples:
  nex destroy staging --sandbox
  nex destroy staging --allow 'instance nex-staging-gitlab' --allow 'volume nex-staging-gitlab'

What holds state (server, volumes, buckets with content, Elastic IP, secrets) is refused unless each is named.
Secrets can be restored for 30 days.")]
    Destroy {
        /// The environment
        env: String,
        /// The environment's name once more, instead of typing it when asked
        #[arg(long, value_name = "ENV")]
        confirm: Option<String>,
        /// Let a stateful resource go, by the name that the refusal gives (repeatable)
        #[arg(long, value_name = "KIND NAME")]
        allow: Vec<String>,
    },
    /// Cloudflare alone: records, zone settings and certificates
    Dns {
        /// What to do.
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
        /// The database's host, instead of looking it up
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

/// What `nex dns` can do.
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
    /// Make the zone what its spec says: plan, ask, apply, read back
    #[command(after_help = "Examples:
  nex dns apply staging
  nex dns apply staging --yes --allow 'zone example.com'

Certificates go into secrets that `nex bootstrap` makes.")]
    Apply {
        /// The environment
        env: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Let a refused change through, by the name that the refusal gives (repeatable)
        #[arg(long, value_name = "KIND NAME")]
        allow: Vec<String>,
    },
    /// Print the records and settings that are there as a spec's section
    #[command(after_help = "Example:
  nex dns import staging > zone.toml

Types that a spec can't hold are named in comments. What was not made by nex is listed with the command that adopts it.")]
    Import {
        /// The environment
        env: String,
    },
    /// Revoke certificates that are in no secret any more, once every server has the new one
    #[command(after_help = "Examples:
  nex dns revoke staging
  nex dns revoke staging --yes

A certificate that was replaced stays valid until this step, so that a server that still shows it keeps working.")]
    Revoke {
        /// The environment
        env: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}
