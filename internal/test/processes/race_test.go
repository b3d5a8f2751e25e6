// SPDX-License-Identifier: Apache-2.0

//go:build race

package processes

// raceEnabled: the programs are built with the race detector if the test is.
const raceEnabled = true
