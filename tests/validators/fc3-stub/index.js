// Stands in for the Serverless Devs component fc3: `s verify` asks it for a schema.
const fs = require("fs");
const path = require("path");

class Component {
  async getSchema() {
    return fs.readFileSync(path.join(__dirname, "..", "fc3.schema.json"), "utf8");
  }
}

module.exports = Component;
module.exports.default = Component;
