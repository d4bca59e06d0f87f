"""Makes later calls with the keys of an administrator: the second argument."""


def client(name):
    key, secret = sys.argv[2].split()
    return boto3.client(
        name, endpoint_url=sys.argv[1], region_name="eu-west-3", aws_access_key_id=key, aws_secret_access_key=secret,
        config=CONFIG,
    )
