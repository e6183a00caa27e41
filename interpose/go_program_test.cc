#include "interpose/go_program.h"

#include <elf.h>
#include <string.h>

#include <string>

#include "gtest/gtest.h"

namespace filemon {
namespace {

void AddNote(const char* owner, const std::string& text, std::string* notes) {
  const ElfW(Nhdr) header = {4, static_cast<unsigned>(text.size()), 1};
  notes->append(reinterpret_cast<const char*>(&header), sizeof(header));
  notes->append(owner, 4);
  notes->append(text);
  notes->resize((notes->size() + 3) / 4 * 4);
}

// A program of one note segment, as it lies in memory, at any address.
class GoProgramTest : public testing::Test {
 protected:
  bool HasNotes(const std::string& notes) {
    constexpr ElfW(Addr) kLinkedAt = 0x400000;
    memcpy(image_.notes, notes.data(), notes.size());
    image_.headers[0].p_type = PT_PHDR;
    image_.headers[0].p_vaddr = kLinkedAt;
    image_.headers[1].p_type = PT_NOTE;
    image_.headers[1].p_vaddr = kLinkedAt + sizeof(image_.headers);
    image_.headers[1].p_memsz = notes.size();
    return IsGoProgram(image_.headers, 2);
  }

 private:
  struct {
    ElfW(Phdr) headers[2] = {};
    char notes[256];
  } image_;
};

TEST_F(GoProgramTest, HasANoteOfGos) {
  std::string notes;
  AddNote("GNU", "12345678", &notes);
  EXPECT_FALSE(HasNotes(notes));
  AddNote("Go\0", "abc/def", &notes);
  EXPECT_TRUE(HasNotes(notes));
}

TEST_F(GoProgramTest, StopsAtTheEnd) {
  std::string notes;
  AddNote("GNU", "12345", &notes);
  notes.resize(notes.size() - 8);
  EXPECT_FALSE(HasNotes(notes));
  EXPECT_FALSE(HasNotes(""));
  EXPECT_FALSE(IsGoProgram(nullptr, 0));
}

TEST_F(GoProgramTest, ThisIsNone) { EXPECT_FALSE(IsGoProgram()); }

}  // namespace
}  // namespace filemon
