// A lock for tables that the GIL guards, for interpreters without a GIL.
#pragma once

#include <mutex>

#include <pybind11/pybind11.h>

namespace authjwks::bindings {

#ifdef Py_GIL_DISABLED
using TableMutex = std::mutex;
using TableLock = std::scoped_lock<std::mutex>;
#else
struct TableMutex {};
struct [[maybe_unused]] TableLock {
    explicit TableLock(TableMutex&) {}
};
#endif

}  // namespace authjwks::bindings
