// Verifies ICS-23 proofs of the state tree with the reference library.
//
// Reads lines of JSON from standard input and writes one line for each: "ok", or why it does not hold.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	ics23 "github.com/cosmos/ics23/go"
)

// A case: under Root, Value stands at Key, or nothing does where Value is absent. All hex.
type proofCase struct {
	Root  string  `json:"root"`
	Key   string  `json:"key"`
	Value *string `json:"value"`
	Proof string  `json:"proof"`
}

func verify(line []byte) error {
	var given proofCase
	if err := json.Unmarshal(line, &given); err != nil {
		return err
	}
	root, err := hex.DecodeString(given.Root)
	if err != nil {
		return err
	}
	key, err := hex.DecodeString(given.Key)
	if err != nil {
		return err
	}
	encoded, err := hex.DecodeString(given.Proof)
	if err != nil {
		return err
	}
	var proof ics23.CommitmentProof
	if err := proof.Unmarshal(encoded); err != nil {
		return fmt.Errorf("not a CommitmentProof: %w", err)
	}
	if given.Value == nil {
		if !ics23.VerifyNonMembership(ics23.SmtSpec, root, &proof, key) {
			return fmt.Errorf("non-membership does not hold")
		}
		return nil
	}
	value, err := hex.DecodeString(*given.Value)
	if err != nil {
		return err
	}
	if !ics23.VerifyMembership(ics23.SmtSpec, root, &proof, key, value) {
		return fmt.Errorf("membership does not hold")
	}
	return nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<24)
	answers := bufio.NewWriter(os.Stdout)
	defer answers.Flush()
	for lines.Scan() {
		if err := verify(lines.Bytes()); err != nil {
			fmt.Fprintln(answers, err)
		} else {
			fmt.Fprintln(answers, "ok")
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
