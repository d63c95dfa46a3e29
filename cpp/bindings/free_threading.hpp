// What interpreters without a GIL need: a lock for tables that the GIL guards elsewhere, and objects that threads can
// use without contending for their counts of references.
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

/// Leaves references to an object uncounted where they only live for a call, so that its end is left to the garbage
/// collector (PEP 703, "Deferred Reference Counting"). Does nothing where there is a GIL, and before Python 3.14.
/// @param object  of a type that the collector visits.
inline void defer_references([[maybe_unused]] PyObject* object) {
#if defined(Py_GIL_DISABLED) && PY_VERSION_HEX >= 0x030E0000
    PyUnstable_Object_EnableDeferredRefcount(object);
#endif
}

/// Makes the collector visit a type of ours, as defer_references() needs it. Its objects refer to nothing that it could
/// find: what they do refer to is held by others, or weakly.
inline void collect([[maybe_unused]] PyHeapTypeObject* type) {
#ifdef Py_GIL_DISABLED
    type->ht_type.tp_flags |= Py_TPFLAGS_HAVE_GC;
    type->ht_type.tp_traverse = [](PyObject* self, visitproc visit, void* arg) {
        Py_VISIT(Py_TYPE(self));
        return 0;
    };
#endif
}

}  // namespace authjwks::bindings
