// SPDX-License-Identifier: Apache-2.0

// Package gateway is the path of a request from a token's holder to Jira.
//
// Each step of the path is a small file: bounds, path, address, classify, strip, authenticate, authorise, ratelimit, form,
// respond, audit. The steps know neither sockets nor the HTTP engine: they see a Request and return a Refusal or edits, so that
// another engine could take the place of net/http (server, engine, transport, body, writer) under the same tests.
// handler composes them, in the order of the design.
//
// Nothing here reads a file or asks the Kubernetes API: grants come from a table and settings from Configure, both
// swapped while requests are served.
package gateway
