// SPDX-License-Identifier: Apache-2.0

package reporter

import (
	"encoding/json"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/activity"
)

// envelope is more than a report has around its uses, in bytes.
const envelope = 128

// gather takes out what the next report tells. What has to be told as it was comes first, but leaves room for what is new: some
// of it may never be written. After a failure the same is told, so that no more than one report becomes uncertain in an outage.
func (r *Reporter) gather(now time.Time) []activity.Taken {
	most := activity.MaxUses / 2
	if r.failed {
		most = activity.MaxUses
	}
	n := min(len(r.unsure), most)
	batch := append([]activity.Taken(nil), r.unsure[:n]...)
	r.unsure = r.unsure[n:]
	batch = append(batch, r.opts.Table.Take(activity.MaxUses-n, now)...)
	for i := range batch {
		batch[i].Wait(now)
	}
	fits := fitting(batch)
	r.settle(batch[fits:], activity.Later)
	return batch[:fits]
}

// fitting is how many of the uses go into one report.
func fitting(batch []activity.Taken) int {
	room := activity.MaxReportBytes - envelope
	for i := range batch {
		text, err := json.Marshal(&batch[i].Use)
		if err != nil { // texts and numbers always can be marshalled
			panic(err)
		}
		room -= len(text) + len(",")
		if room < 0 {
			return i
		}
	}
	return len(batch)
}

// settle tells the table what became of uses. What may have been written stays, to be reported again as it is, after others.
func (r *Reporter) settle(batch []activity.Taken, results ...activity.Result) {
	for i := range batch {
		if !r.opts.Table.Return(&batch[i], results[min(i, len(results)-1)], r.opts.Clock.Now()) {
			r.unsure = append(r.unsure, batch[i])
		}
	}
}
