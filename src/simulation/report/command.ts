/** The command that repeats a study, whatever the scenario's own seed and runs will be. */
import type { StudyPlan } from '../scenario-file.js';

/** @param scenario as the command line named it @param contenders those that the command line gave */
export function repeatCommand(scenario: string, { seed, runs }: StudyPlan, contenders?: readonly string[]): string {
  const chosen = contenders === undefined ? '' : ` --contenders ${contenders.join(',')}`;
  return `blockcast simulate ${shellWord(scenario)} --seed ${seed} --runs ${runs}${chosen}`;
}

function shellWord(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
