#include "bindings/string_pool.hpp"

#include <cstdint>
#include <cstring>

namespace authjwks::bindings {
namespace {

template <class Word>
std::uint64_t load(const char* from) {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

/// Combines both ends of the text, and the middle of a long one.
std::uint64_t digest(std::string_view text) {
    constexpr std::uint64_t odd = 0x9E3779B97F4A7C15;
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    if (text.size() >= 8)
        return (load<std::uint64_t>(begin) * odd ^ load<std::uint64_t>(end - 8)) * odd ^
               load<std::uint64_t>(begin + (text.size() - 8) / 2);
    if (text.size() >= 4) return load<std::uint32_t>(begin) * odd ^ load<std::uint32_t>(end - 4);
    return load<std::uint8_t>(begin) << 16U | load<std::uint8_t>(begin + text.size() / 2) << 8U |
           load<std::uint8_t>(end - 1);
}

/// Distributes texts over the sets. Colliding texts slow down only their own conversion.
std::size_t spread(std::string_view text) { return (digest(text) + text.size()) * 0x9E3779B97F4A7C15 >> 40U; }

bool holds(PyObject* string, std::string_view text) {
    return string != nullptr && static_cast<std::size_t>(PyUnicode_GET_LENGTH(string)) == text.size() &&
           std::memcmp(PyUnicode_1BYTE_DATA(string), text.data(), text.size()) == 0;
}

}  // namespace

StringPool::Set& StringPool::set_of(std::string_view text) { return sets_[spread(text) % kSets]; }

PyObject* StringPool::get(std::string_view text) {
    if (text.empty() || text.size() > kMaxBytes)
        return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "strict");
    [[maybe_unused]] const TableLock lock(mutex_);
    Set& set = set_of(text);
    for (PyObject* const string : set.strings)
        if (holds(string, text)) return Py_NewRef(string);
    PyObject* const made = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "strict");
    if (made == nullptr || !PyUnicode_IS_ASCII(made) || set.pinned == kWays) return made;
    PyObject*& place = set.strings[set.pinned + set.next++ % (kWays - set.pinned)];
    Py_XDECREF(place);
    place = Py_NewRef(made);
    return made;
}

void StringPool::pin(const char* name) {
    Set& set = set_of(name);
    if (set.pinned == kWays) return;
    PyObject* const made = PyUnicode_InternFromString(name);
    set.strings[set.pinned++] = made;
    pinned_.insert(made);
}

}  // namespace authjwks::bindings
