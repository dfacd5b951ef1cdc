package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// asker asks the person at the terminal for what flags left out. Its questions go to
// standard error, so that standard output is the verb's alone.
type asker struct {
	in  *bufio.Reader
	out io.Writer
}

func newAsker(s streams) *asker { return &asker{in: bufio.NewReader(s.in), out: s.err} }

// errNoAnswer says that the input ended in the place of an answer.
var errNoAnswer = errors.New("the input ended before the answer: name it by its flag")

// errInterrupted says that the person would not go on.
var errInterrupted = errors.New("interrupted; nothing was written")

// ask asks until the answer is one; an empty answer means def. The person may as well
// interrupt, which a read of the terminal alone would not notice.
func (a *asker) ask(ctx context.Context, question, def string, valid func(string) error) (string, error) {
	for {
		if def == "" {
			fmt.Fprintf(a.out, "%s: ", question)
		} else {
			fmt.Fprintf(a.out, "%s [%s]: ", question, def)
		}
		line, err := a.line(ctx)
		if err != nil {
			fmt.Fprintln(a.out)
			return "", err
		}
		if line == "" {
			line = def
		}
		if err := valid(line); err != nil {
			fmt.Fprintf(a.out, "  %v\n", err)
			continue
		}
		return line, nil
	}
}

func (a *asker) line(ctx context.Context) (string, error) {
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		text, err := a.in.ReadString('\n')
		got <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", errInterrupted
	case g := <-got:
		if g.err != nil && g.text == "" {
			return "", errNoAnswer
		}
		return strings.TrimSpace(g.text), nil
	}
}
