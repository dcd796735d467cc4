// Reads Kubernetes objects as a JSON list and prints what their types refuse, one line each: INDEX<tab>MESSAGE. Twice: the
// OpenAPI schemas know values (required, integers, formats), the TypeScript types know names: a misspelt field, which schemas let
// pass and a server drops. Usage: types.js FOLDER, which has node_modules.
'use strict';
const fs = require('fs');
const path = require('path');
const folder = path.resolve(process.argv[2]);
const find = require('module').createRequire(`${folder}/package.json`);
const ts = find('typescript');

// The module of an object's type, such as kubernetes-models/apps/v1/Deployment; null if there is none.
function moduleOf({ apiVersion, kind }) {
  for (const root of ['kubernetes-models', '@kubernetes-models/prometheus-operator']) {
    const name = `${root}/${apiVersion}/${kind}`;
    if (fs.existsSync(`${folder}/node_modules/${name}.js`)) return name;
  }
  return null;
}

function schemaProblems(object) {
  try {
    new (find(moduleOf(object))[object.kind])(object).validate();
    return [];
  } catch (error) {
    return error.errors ? error.errors.map((e) => `${e.instancePath} ${e.message}`) : [error.message];
  }
}

// Every object as a literal of its type, in one file that exists in memory only, and the offset where each begins.
function typedLiterals(objects) {
  const starts = [];
  let text = '';
  objects.forEach((object, i) => {
    starts.push(text.length);
    text += `import { I${object.kind} as Type${i} } from "${moduleOf(object)}";\n`;
    text += `export const object${i}: Type${i} = ${JSON.stringify(object, null, 1)};\n`;
  });
  return { text, starts };
}

function typeProblems(objects) {
  const { text, starts } = typedLiterals(objects);
  const name = `${folder}/objects.ts`;
  const options = { noEmit: true, strict: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2020,
    module: ts.ModuleKind.CommonJS, moduleResolution: ts.ModuleResolutionKind.Node10 };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => file === name || fileExists(file);
  host.getSourceFile = (file, ...rest) =>
    file === name ? ts.createSourceFile(file, text, options.target) : getSourceFile(file, ...rest);
  const program = ts.createProgram([name], options, host);
  return ts.getPreEmitDiagnostics(program).map((found) => {
    const index = starts.findLastIndex((start) => start <= (found.start || 0));
    const at = text.slice(found.start, (found.start || 0) + (found.length || 0)).split('\n')[0];
    return { index, problem: `${at}: ${ts.flattenDiagnosticMessageText(found.messageText, ' ')}` };
  });
}

const objects = JSON.parse(fs.readFileSync(0, 'utf8'));
const print = (index, problem) => console.log(`${index}\t${problem.replace(/\s+/g, ' ')}`);
const typed = objects.map((object, index) => ({ object, index })).filter(({ object }) => moduleOf(object));
objects.forEach((object, index) => {
  if (!moduleOf(object)) print(index, `there is no type ${object.apiVersion} ${object.kind}`);
});
typed.forEach(({ object, index }) => schemaProblems(object).forEach((problem) => print(index, problem)));
typeProblems(typed.map(({ object }) => object)).forEach(({ index, problem }) => print(typed[index].index, problem));
