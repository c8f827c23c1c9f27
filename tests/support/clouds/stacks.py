"""The settings of deployments on Apsara Stack: its POP gateway, and a route."""

POP = {
    "IMPORT_TARGET": "apsara-pop",
    "ECS_ENDPOINT": "https://ecs-internal.apsara.test",
    "OSS_ENDPOINT": "https://oss-cn-hangzhou-a.apsara.test",
}
ROUTE = {
    **POP,
    "IMPORT_TARGET": "apsara-route",
    "ECS_ENDPOINT": "https://api.apsara.test",
}
ROUTE_AND_POP = {
    **ROUTE,
    "ECS_LOOKUP": "pop",
    "ECS_LOOKUP_ENDPOINT": POP["ECS_ENDPOINT"],
}
