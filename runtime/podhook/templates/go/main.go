// What is done before the container is stopped.
package main

import (
	"fmt"
	"os"
)

func main() {
	farewell, isSet := os.LookupEnv("FAREWELL")
	if !isSet {
		farewell = "goodbye"
	}
	if _, err := fmt.Println(farewell); err != nil {
		os.Exit(1)
	}
}
