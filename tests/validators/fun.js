// Prints, for each template named on the command line, what `fun validate` says:
// a JSON object of file name -> error text, "" where the template is valid.
const validate = require("@alicloud/fun/lib/validate/validate");

async function main(files) {
  const print = console.log;
  const verdicts = {};
  for (const file of files) {
    const lines = [];
    console.log = (line) => lines.push(line);
    try {
      await validate(file);
      verdicts[file] = "";
    } catch (error) {
      verdicts[file] = [...lines, error.message].join("\n");
    }
  }
  print(JSON.stringify(verdicts));
}

main(process.argv.slice(2));
