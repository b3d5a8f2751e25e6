// SPDX-License-Identifier: Apache-2.0

// npm's jira-client. usage: jira-client.js story|myself|create, with JIRA_URL, JIRA_AUTH, JIRA_USER and JIRA_TOKEN.
const { Readable } = require('node:stream');
const JiraApi = require('jira-client');

const content = 'hello '.repeat(10000);
const url = new URL(process.env.JIRA_URL);
const auth = process.env.JIRA_AUTH === 'basic'
  ? { username: process.env.JIRA_USER, password: process.env.JIRA_TOKEN }
  : { bearer: process.env.JIRA_TOKEN };
const jira = new JiraApi({
  protocol: 'http', host: url.hostname, port: url.port, base: url.pathname.slice(1), apiVersion: '2', ...auth,
});

const create = () => jira.addNewIssue({
  fields: { project: { key: 'DEMO' }, summary: 'by jira-client', issuetype: { name: 'Task' } },
});

async function story() {
  console.log('myself', (await jira.getCurrentUser()).name);
  console.log('search', (await jira.searchJira('project = DEMO AND key = "DEMO-1"')).issues[0].key);
  const issue = await create();
  console.log('create', issue.key);
  console.log('comment', (await jira.addComment(issue.key, '100% [a|b]; ü')).body);
  const stream = Readable.from([Buffer.from(content)]);
  stream.path = 'hello (1) ü.txt'; // as a stream of fs has it; the client itself can't fetch a name with % or ; in it
  const [attached] = await jira.addAttachmentOnIssue(issue.key, stream);
  console.log('attach', attached.filename);
  const downloaded = await jira.downloadAttachment({ id: attached.id, filename: attached.filename });
  console.log('download', downloaded.toString() === content ? 'True' : downloaded.toString().slice(0, 200));
}

// It throws what Jira said as an error's message, and does not tell the status.
({ story, myself: () => jira.getCurrentUser(), create })[process.argv[2]]().catch((error) => {
  console.log('error unknown', error.message);
});
