// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"encoding/binary"
	"errors"
	"io"
)

// Content is `size` bytes that follow from the seed alone: any part of a file of any size, made when it is read and
// kept nowhere. An attachment's seed is its id, so a test can tell what it has to receive.
func Content(seed, size int64) io.ReadSeeker {
	return &content{seed: uint64(seed), size: size} //nolint:gosec // any bits do
}

type content struct {
	seed     uint64
	size, at int64
}

func (c *content) Read(p []byte) (int, error) {
	if c.at >= c.size {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), c.size-c.at)]
	var word [8]byte
	for n := 0; n < len(p); {
		at := c.at + int64(n)
		binary.LittleEndian.PutUint64(word[:], mix(c.seed<<32^uint64(at/8))) //nolint:gosec // at is not negative
		n += copy(p[n:], word[at%8:])
	}
	c.at += int64(len(p))
	return len(p), nil
}

func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("jiratest: seek before the start")
	}
	c.at = offset
	return offset, nil
}

// mix is splitmix64: cheap, and no two words of a file are alike.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
