logs, tagging = client("logs"), client("resourcegroupstaggingapi")
MANAGED = [{"Key": "nex:managed-by", "Values": ["nex"]}]


def found(filters=MANAGED):
    pages = tagging.get_paginator("get_resources").paginate(
        ResourceTypeFilters=["logs:log-group"], TagFilters=filters
    )
    return {
        one["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        for page in pages
        for one in page["ResourceTagMappingList"]
    }


# The tagging API finds a log group by the tags of its creation, and returns its ARN.
tags = {"nex:managed-by": "nex", "Name": "x"}
logs.create_log_group(logGroupName="/nex/x", tags=tags)
logs.create_log_group(logGroupName="/nex/untagged")
logs.create_log_group(logGroupName="/nex/other", tags={"nex:managed-by": "terraform"})
group = logs.describe_log_groups(logGroupNamePrefix="/nex/x")["logGroups"][0]
arn = group["logGroupArn"]
assert arn == "arn:aws:logs:eu-west-3:009001720821:log-group:/nex/x", arn
assert group["arn"] == f"{arn}:*", group
assert found() == {arn: tags}, found()
assert len(found([])) == 2, found([])
assert found(MANAGED + [{"Key": "Name"}]) == {arn: tags}
assert not found(MANAGED + [{"Key": "Name", "Values": ["y"]}])

# Changes of tags are visible immediately.
logs.tag_resource(resourceArn=arn, tags={"Name": "z", "more": "1"})
assert found() == {arn: {**tags, "Name": "z", "more": "1"}}, found()
logs.untag_resource(resourceArn=arn, tagKeys=["more"])
assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == found()[arn] == {**tags, "Name": "z"}

# The calls accept only this form of the ARN, and only for an existing group.
refused("InvalidParameterException", logs.list_tags_for_resource, resourceArn=f"{arn}:*")
refused("ResourceNotFoundException", logs.tag_resource, resourceArn=f"{arn}y", tags=tags)
logs.delete_log_group(logGroupName="/nex/x")
assert not found()
logs.create_log_group(logGroupName="/nex/x")
assert not found() and logs.list_tags_for_resource(resourceArn=arn)["tags"] == {}

# More groups than fit on a page.
for number in range(60):
    logs.create_log_group(logGroupName=f"/nex/many/{number}", tags=tags)
assert len(found()) == 60, len(found())
