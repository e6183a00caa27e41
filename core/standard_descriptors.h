// Standard input, output and error.
#ifndef FILEMON_CORE_STANDARD_DESCRIPTORS_H_
#define FILEMON_CORE_STANDARD_DESCRIPTORS_H_

namespace filemon {

// Opens those that are closed: a descriptor that we open later must not become
// standard output by accident, of us or of CMD. These are closed again by an
// exec, and not for writing: a log that is to go to a closed standard output is
// an error.
void FillStandardDescriptors();

}  // namespace filemon

#endif  // FILEMON_CORE_STANDARD_DESCRIPTORS_H_
