// Prints, for each file named on the command line, what ROS's own resource classes say
// of the resources in it (JSON: name -> {Type, Properties}, all values filled in): a
// JSON object of file name -> list of faults. What a class drops, it does not know.
const fs = require("fs");
const ros = require("@alicloud/ros-cdk-core");

const CLASSES = {
  CMS: require("@alicloud/ros-cdk-cms"),
  FC3: require("@alicloud/ros-cdk-fc3"),
  OSS: require("@alicloud/ros-cdk-oss"),
  RAM: require("@alicloud/ros-cdk-ram"),
  SLS: require("@alicloud/ros-cdk-sls"),
};
// No class of ROS's is on the registry for these.
const UNCHECKED = new Set(["ALIYUN::MNS::Queue"]);
// Maps that ROS passes on as they are.
const AS_IT_IS = new Set(["TriggerConfig", "EnvironmentVariables", "Condition"]);

function named(key) {
  return key === "TTL" ? "ttl" : key[0].toLowerCase() + key.slice(1);
}

function asClassTakesIt(value) {
  if (Array.isArray(value)) return value.map(asClassTakesIt);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, held]) => [
      named(key),
      AS_IT_IS.has(key) ? held : asClassTakesIt(held),
    ])
  );
}

function leaves(value, path = "") {
  if (value === null || typeof value !== "object") return [path];
  return Object.entries(value).flatMap(([key, held]) => leaves(held, `${path}/${key}`));
}

// Many resources are the same in many files: each is looked at once.
const seen = new Map();

function faultsOf(name, body) {
  const key = JSON.stringify([name, body]);
  if (!seen.has(key)) seen.set(key, faults(name, body));
  return seen.get(key);
}

function faults(name, { Type: type, Properties: properties }) {
  if (UNCHECKED.has(type)) return [];
  const [, service, kind] = type.split("::");
  const Class = CLASSES[service] && CLASSES[service][`Ros${kind}`];
  if (!Class) return [`${name}: ROS has no type ${type}`];
  const stack = new ros.Stack(new ros.App(), "stack");
  new Class(stack, name, asClassTakesIt(properties), true);
  let made;
  try {
    made = stack.resolve(stack._toRosTemplate()).Resources[name].Properties;
  } catch (error) {
    return [`${name}: ${error.message}`];
  }
  const known = new Set(leaves(made));
  return leaves(properties)
    .filter((leaf) => !known.has(leaf))
    .map((leaf) => `${name}: ROS does not know ${leaf}`);
}

const verdicts = {};
for (const file of process.argv.slice(2)) {
  const resources = JSON.parse(fs.readFileSync(file, "utf-8"));
  verdicts[file] = Object.entries(resources).flatMap((each) => faultsOf(...each));
}
console.log(JSON.stringify(verdicts));
