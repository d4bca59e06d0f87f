secrets = client("secretsmanager")

# The first version of a secret is current. A later version becomes current when a call moves the label to it.
secrets.create_secret(Name="one")
refused("ResourceNotFoundException", secrets.get_secret_value, SecretId="one")
first = secrets.put_secret_value(SecretId="one", SecretString="1", VersionStages=["STORED"])
assert "AWSCURRENT" in first["VersionStages"], first
second = secrets.put_secret_value(SecretId="one", SecretString="2", VersionStages=["STORED"])
assert secrets.get_secret_value(SecretId="one")["SecretString"] == "1"
label = {"SecretId": "one", "VersionStage": "AWSCURRENT", "MoveToVersionId": second["VersionId"]}
refused("InvalidParameterException", secrets.update_secret_version_stage, **label)
secrets.update_secret_version_stage(**label, RemoveFromVersionId=first["VersionId"])
assert secrets.get_secret_value(SecretId="one")["SecretString"] == "2"
assert secrets.get_secret_value(SecretId="one", VersionStage="AWSPREVIOUS")["SecretString"] == "1"
refused("InvalidParameterException", secrets.update_secret_version_stage, **label, RemoveFromVersionId=first["VersionId"])
