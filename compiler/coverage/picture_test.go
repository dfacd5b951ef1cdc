package coverage_test

import (
	"image/png"
	"os"
	"testing"
)

// brightness is that of the background in a picture's lower left corner, from 0 to 1.
func brightness(t *testing.T, file string) float64 {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	r, g, b, _ := img.At(2, img.Bounds().Max.Y-3).RGBA()
	return float64(r+g+b) / (3 * 0xffff)
}
