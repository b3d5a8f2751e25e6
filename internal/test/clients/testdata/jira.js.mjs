// SPDX-License-Identifier: Apache-2.0

// npm's jira.js, its client for version 2. usage: jira.js.mjs story|myself|create, with JIRA_URL, JIRA_AUTH, JIRA_USER and
// JIRA_TOKEN.
import { createRequire } from 'node:module';

// NODE_PATH is not looked at for modules that are imported.
const { Version2Client } = createRequire(import.meta.url)('jira.js');

const content = 'hello '.repeat(10000);
const authentication = process.env.JIRA_AUTH === 'basic'
  ? { basic: { email: process.env.JIRA_USER, apiToken: process.env.JIRA_TOKEN } }
  : { oauth2: { accessToken: process.env.JIRA_TOKEN } };
const jira = new Version2Client({ host: process.env.JIRA_URL, authentication });

const create = () => jira.issues.createIssue({
  fields: { project: { key: 'DEMO' }, summary: 'by jira.js', issuetype: { name: 'Task' } },
});

async function story() {
  console.log('myself', (await jira.myself.getCurrentUser()).name);
  const found = await jira.issueSearch.searchForIssuesUsingJql({ jql: 'project = DEMO AND key = "DEMO-1"' });
  console.log('search', found.issues[0].key);
  const issue = await create();
  console.log('create', issue.key);
  console.log('comment', (await jira.issueComments.addComment({ issueIdOrKey: issue.key, comment: '100% [a|b]; ü' })).body);
  const [attached] = await jira.issueAttachments.addAttachment({
    issueIdOrKey: issue.key, attachment: { filename: 'ü 100%;[1].txt', file: Buffer.from(content) },
  });
  console.log('attach', attached.filename);
  // Its getAttachmentContent is for Jira Cloud; Data Center says in content where the file is.
  const downloaded = await jira.sendRequest({ url: attached.content, method: 'GET', responseType: 'text' });
  console.log('download', downloaded === content ? 'True' : String(downloaded).slice(0, 200));
}

({ story, myself: () => jira.myself.getCurrentUser(), create })[process.argv[2]]().catch((error) => {
  const status = error.status ?? error.response?.status;
  console.log('error', status, JSON.stringify(error.response?.data ?? error.response ?? ''), status ? '' : error.stack);
});
