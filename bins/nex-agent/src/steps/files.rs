//! Writes the rendered files.

use std::time::Duration;

use crate::failure::Failure;
use crate::host::Host;
use crate::root::Written;
use crate::step::{Again, Step, inputs};

/// Writing files takes no time, unless the disk is broken.
const DEADLINE: Duration = Duration::from_secs(60);

/// Writes every file of the bundle that is not as it should be.
pub(super) fn step() -> Step {
    Step {
        name: "files",
        deadline: DEADLINE,
        needs: &[],
        inputs: |contents| inputs(&contents.files),
        again: Again::OnChange,
        run: |host| Box::pin(write(host)),
    }
}

async fn write(host: &Host<'_>) -> Result<(), Failure> {
    for file in &host.contents.files {
        if host.root.write(file)? == Written::Changed {
            host.log.line(&format!("wrote {}", file.path));
        }
    }
    Ok(())
}
