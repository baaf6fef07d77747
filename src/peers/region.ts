/**
 * In which part of the world a country is: the regions of UN M49, as ISO 3166-1 alpha-2 codes. A path between two of them crosses an ocean or
 * a continent, so that their nodes see a block at different times.
 */

/** `americas-north` has Central America and the Caribbean, as M49 has it. */
export type Region = 'africa' | 'americas-north' | 'americas-south' | 'asia' | 'europe' | 'oceania';

const COUNTRIES: Readonly<Record<Region, string>> = {
  africa:
    'AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW IO KE KM LR LS LY MA MG ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TF TG TN TZ UG YT ZA ZM ZW',
  'americas-north':
    'AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC TT US VC VG VI',
  'americas-south': 'AR BO BR BV CL CO EC FK GF GS GY PE PY SR UY VE',
  asia: 'AE AF AM AZ BD BH BN BT CN CY GE HK ID IL IN IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE',
  europe:
    'AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK',
  oceania: 'AS AU CC CK CX FJ FM GU HM KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS',
};

const REGIONS: ReadonlyMap<string, Region> = new Map(
  (Object.keys(COUNTRIES) as Region[]).flatMap((region) =>
    COUNTRIES[region].split(' ').map((country) => [country, region] as const),
  ),
);

/** @param country ISO 3166-1 alpha-2 @returns undefined for a code that is none, and for Antarctica */
export function regionOf(country: string): Region | undefined {
  return REGIONS.get(country);
}
