// Looks at the world from a forked process.
#pragma once

#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

namespace authjwks::support {

/// Forks. @return whether `check()` holds in the child, which ends without destructors.
template <class Check>
bool holds_in_child(Check check) {
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("no process could be forked");
    if (child == 0) _exit(check() ? 0 : 1);
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace authjwks::support
