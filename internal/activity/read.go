// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
)

var gatewayName = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)

// ReadReport reads a report. Its errors name what is wrong with the report as a whole; each of the uses has to be checked. The
// memory that it takes is bounded by what an honest report takes, whatever comes: it stops at the first entry that is too much.
func ReadReport(from io.Reader) (*Report, error) {
	whole := &io.LimitedReader{R: from, N: MaxReportBytes + 1}
	value := &io.LimitedReader{R: whole}
	r := &reportReader{value: value, decoder: json.NewDecoder(value)}
	err := r.read()
	switch {
	case whole.N <= 0:
		return nil, fmt.Errorf("the report is longer than %d bytes; send fewer uses at once", MaxReportBytes)
	case err != nil && value.N <= 0:
		return nil, fmt.Errorf("uses[%d], or another value, is longer than %d bytes", len(r.report.Uses), MaxUseBytes)
	case errors.Is(err, errTooMany):
		return nil, fmt.Errorf("uses has more than %d entries; no more are taken at once", MaxUses)
	case err != nil:
		return nil, fmt.Errorf("the report can't be decoded: %w", err)
	case !gatewayName.MatchString(r.report.Gateway):
		return nil, fmt.Errorf("gateway is %.40q; 1 to 32 letters and digits are needed", r.report.Gateway)
	}
	return &r.report, nil
}

var errTooMany = errors.New("too many entries")

// reportReader reads a report value by value. A decoder holds all of the value that it is at, so each has a bound of its own.
type reportReader struct {
	value   *io.LimitedReader
	decoder *json.Decoder
	report  Report
}

// next lets the decoder read as much as one value may have.
func (r *reportReader) next() { r.value.N = MaxUseBytes + 1 }

func (r *reportReader) read() error {
	r.next()
	if err := expect(r.decoder, '{'); err != nil {
		return err
	}
	for r.next(); r.decoder.More(); r.next() {
		key, err := r.decoder.Token()
		if err != nil {
			return err
		}
		r.next()
		switch key {
		case "gateway":
			err = r.decoder.Decode(&r.report.Gateway)
		case "uses":
			err = r.uses()
		default: // of a newer gateway
			err = r.decoder.Decode(new(json.RawMessage))
		}
		if err != nil {
			return err
		}
	}
	return expect(r.decoder, '}')
}

func (r *reportReader) uses() error {
	if r.report.Uses != nil {
		return errors.New("uses is there twice")
	}
	r.report.Uses = []Use{}
	switch begin, err := r.decoder.Token(); {
	case err != nil || begin == nil: // null is none, as in Go
		return err
	case begin != json.Delim('['):
		return fmt.Errorf("uses is %.40v; a list is needed", begin)
	}
	for r.next(); r.decoder.More(); r.next() {
		if len(r.report.Uses) == MaxUses {
			return errTooMany
		}
		var use Use
		if err := r.decoder.Decode(&use); err != nil {
			return err
		}
		r.report.Uses = append(r.report.Uses, use)
	}
	return expect(r.decoder, ']')
}

// expect reads what begins or ends an object or a list.
func expect(decoder *json.Decoder, want json.Delim) error {
	token, err := decoder.Token()
	if err == nil && token != want {
		return fmt.Errorf("there is %.40v where %s is needed", token, want)
	}
	return err
}

// UnmarshalJSON implements json.Unmarshaler. It reads one more than there can be, by which Use.Clean knows, and no others.
func (r *Refusals) UnmarshalJSON(text []byte) error {
	if *r != nil {
		return errors.New("refusals is there twice")
	}
	*r = Refusals{}
	if string(text) == "null" {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := expect(decoder, '['); err != nil {
		return fmt.Errorf("refusals: %w", err)
	}
	for decoder.More() && len(*r) <= maxRefusals {
		var refusal Refusal
		if err := decoder.Decode(&refusal); err != nil {
			return fmt.Errorf("refusals[%d]: %w", len(*r), err)
		}
		*r = append(*r, refusal)
	}
	return nil
}
