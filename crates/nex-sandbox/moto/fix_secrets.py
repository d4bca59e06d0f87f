"""Secrets: a reader gets the version with the label AWSCURRENT, also after a call has moved the label."""

from moto.secretsmanager.models import SecretsManagerBackend

CURRENT = "AWSCURRENT"


def fix():
    move = SecretsManagerBackend.update_secret_version_stage

    def update_secret_version_stage(self, secret_id, version_stage, remove_from_version_id, move_to_version_id):
        answer = move(self, secret_id, version_stage, remove_from_version_id, move_to_version_id)
        if version_stage == CURRENT and move_to_version_id:
            self.secrets[secret_id].set_default_version_id(move_to_version_id)
        return answer

    SecretsManagerBackend.update_secret_version_stage = update_secret_version_stage
