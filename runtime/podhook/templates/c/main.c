// What is done before the container is stopped.

#include <stdio.h>
#include <stdlib.h>

int main(void) {
    const char *farewell = getenv("FAREWELL");
    if (puts(farewell != NULL ? farewell : "goodbye") == EOF) {
        perror("stdout");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
