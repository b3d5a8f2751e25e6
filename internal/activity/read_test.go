// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// allocated is how many bytes a call takes from the heap, garbage included.
func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestReportsAreBoundedInMemory: a gateway that somebody has taken over can't fill the manager's memory with what is short on the
// wire.
func TestReportsAreBoundedInMemory(t *testing.T) {
	const bound = 8 * MaxReportBytes // all in all; most of it is garbage at once
	many := strings.Repeat("{},", MaxReportBytes)
	for name, body := range map[string]string{
		"uses":               `{"gateway":"a","uses":[` + many + `{}]}`,
		"uses without end":   `{"gateway":"a","uses":[` + many,
		"refusals":           `{"gateway":"a","uses":[{"refusals":[` + many + `{}]}]}`,
		"refusals of each":   `{"gateway":"a","uses":[` + strings.Repeat(`{"refusals":[`+many[:999]+`{}]},`, MaxUses-1) + `{}]}`,
		"refusals again":     `{"gateway":"a","uses":[` + strings.Repeat(`{`+strings.Repeat(`"refusals":[{}],`, 60)+`"number":1},`, 999) + `{}]}`,
		"uses again":         `{"gateway":"a"` + strings.Repeat(`,"uses":[`+many[:2999]+`]`, 100) + `}`,
		"what is not known":  `{"gateway":"a","new":[` + many + `{}]}`,
		"white space":        `{"gateway":"a","uses":[` + strings.Repeat(" ", MaxReportBytes) + `{}]}`,
		"one long text":      `{"gateway":"` + strings.Repeat("a", MaxReportBytes) + `"}`,
		"a long user agent":  `{"gateway":"a","uses":[{"userAgent":"` + strings.Repeat("a", MaxReportBytes-100) + `"}]}`,
		"lists within lists": `{"gateway":"a","uses":[{"new":` + strings.Repeat("[", MaxReportBytes/2),
		"a name of a field":  `{"gateway":"a","` + strings.Repeat("a", MaxReportBytes) + `":1}`,
	} {
		if n := allocated(func() { _, _ = ReadReport(strings.NewReader(body)) }); n > bound {
			t.Errorf("%s: %d KiB", name, n>>10)
		}
	}
}

// TestHonestUsesFit, each for itself, however long it is.
func TestHonestUsesFit(t *testing.T) {
	table := NewTable()
	table.Used(tokenA, seen(noon, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/128", strings.Repeat("<", maxUserAgent)), noon)
	for n := range reasonsKept {
		table.Refused(tokenA, fmt.Sprintf("reason-of-length-%05d", n), noon.Unix(), noon)
	}
	use := table.Take(1, noon.Add(1000*time.Hour))[0].Use
	use.Number, use.Requests = 1<<63-1, 1<<63-1
	for i := range use.Refusals {
		use.Refusals[i].Count = 1<<32 - 1
	}
	text, err := json.Marshal(&Report{Gateway: strings.Repeat("a", 32), Uses: []Use{use}})
	if err != nil {
		t.Fatal(err)
	}
	report, err := ReadReport(strings.NewReader(string(text)))
	if err != nil || !reflect.DeepEqual(report.Uses, []Use{use}) {
		t.Errorf("%d bytes: %v", len(text), err)
	}
	if len(text) < MaxUseBytes/2 || len(use.Refusals) != reasonsKept {
		t.Errorf("it is not the longest: %d bytes, %d refusals", len(text), len(use.Refusals))
	}
}
