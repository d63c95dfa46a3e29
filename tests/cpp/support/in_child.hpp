// Looks at the world from a forked process.
#pragma once

#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

namespace authjwks::support {

// The allocators of both sanitizers may be locked for good in a child that is forked beside other threads (gcc 12), so
// that all it can do under them is end.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool kChildrenBesideThreadsCanWork = false;
#else
inline constexpr bool kChildrenBesideThreadsCanWork = true;
#endif

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
